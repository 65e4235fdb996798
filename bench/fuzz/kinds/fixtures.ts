import { readFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "..", "..", "..", "test", "fixtures");

/** Bytes of a file that the tests read. */
export const fixture = (...path: readonly string[]): Uint8Array =>
  new Uint8Array(readFileSync(join(folder, ...path)));
