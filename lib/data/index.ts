/** Examples to train and test on, and sources of them. */
export type { Example } from "./example.ts";
export { listSource } from "./list.ts";
export { lengthGroups, orderedSource, type Rows } from "./ordered.ts";
export type { ExampleSource } from "./source.ts";
