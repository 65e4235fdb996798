/** Examples to train and test on, and sources of them. */
export type { Example } from "./example.ts";
export { type ExampleSource, listSource } from "./source.ts";
