import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "../files/atomic.ts";

/** Contents by ending: `{ svg: "<svg ..." }`. */
export type Contents = Readonly<Record<string, string | Uint8Array>>;

/**
 * Writes `<folder>/<name>.<ending>` for each ending; a file appears whole or
 * not at all.
 *
 * @returns the paths, in the order of the endings
 */
export function writeFiles(
  folder: string,
  name: string,
  contents: Contents,
): string[] {
  checkName(name);
  const paths: string[] = [];
  try {
    mkdirSync(folder, { recursive: true });
    for (const [ending, content] of Object.entries(contents)) {
      const path = join(folder, `${name}.${ending}`);
      writeWhole(path, content);
      paths.push(path);
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `writeFiles: expected a folder to write "${name}" to, got ${reason}`,
      { cause },
    );
  }
  return paths;
}

function checkName(name: string) {
  if (!/^\w[\w.-]*$/.test(name)) {
    throw new RangeError(
      `writeFiles: expected a name of letters, digits, "-", "_" and ".", ` +
        `got "${name}"`,
    );
  }
}
