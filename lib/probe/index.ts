/** What can be read from activations and features, and how surely. */
export { type Labelled, type ProbeScore, probe } from "./linear.ts";
