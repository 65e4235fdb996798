/** Questions put to a trained design. */
export { type AskOptions, askDesign, askText } from "./ask.ts";
