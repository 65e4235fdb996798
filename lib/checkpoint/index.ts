/** Weights in files: read by offset, written whole. */
export { openCheckpoint } from "./checkpoint.ts";
export { writeSafetensors } from "./write-safetensors.ts";
