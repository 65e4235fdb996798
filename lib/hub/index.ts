/** Downloads that are verified and go on. */
export { fetchFromHub, weightsFolder } from "./fetch.ts";
export { weightsLine } from "./source.ts";
