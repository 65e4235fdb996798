import { createHash } from "node:crypto";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";

/** Results of long stages, kept on disk so that a run can go on. */
export interface Memory {
  /** The kept value and when it was made, or undefined. */
  recall(key: unknown): { value: unknown; madeAt: Date } | undefined;
  keep(key: unknown, value: unknown): void;
}

const digest = (bytes: Uint8Array | string) =>
  createHash("sha256").update(bytes).digest();

/**
 * Opens a memory in `folder` for one version of the code.
 *
 * A value is found again only under the same key and the same `code`. Files
 * are written whole or not at all and begin with their own SHA-256; one that
 * does not match is treated as absent and reported.
 *
 * @param options - code: names the code that makes the values; report: told
 *   of a damaged file
 */
export function openMemory(
  folder: string,
  options: { code: string; report: (line: string) => void },
): Memory {
  const { code, report } = options;
  mkdirSync(folder, { recursive: true });
  const pathOf = (key: unknown) => {
    const name = digest(`${code}\0${JSON.stringify(key)}`).toString("hex");
    return join(folder, `${name.slice(0, 32)}.bin`);
  };
  return {
    recall(key) {
      const path = pathOf(key);
      const found = statSync(path, { throwIfNoEntry: false });
      if (found === undefined) return undefined;
      const bytes = readFileSync(path);
      const body = bytes.subarray(32);
      if (!digest(body).equals(bytes.subarray(0, 32))) {
        report(`remember: ${path} is damaged; its stage is run again`);
        return undefined;
      }
      return { value: deserialize(body), madeAt: found.mtime };
    },
    keep(key, value) {
      const body = serialize(value);
      const path = pathOf(key);
      const temporary = `${path}.${process.pid}.tmp`;
      writeFileSync(temporary, Buffer.concat([digest(body), body]));
      renameSync(temporary, path);
    },
  };
}

/** One hash for all code files below a folder. */
export function hashOfCode(folder: string): string {
  const hash = createHash("sha256");
  const visit = (path: string) => {
    const entries = readdirSync(path, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const inner = join(path, entry.name);
      if (entry.name === "node_modules" || entry.name === "dist") continue;
      if (entry.isDirectory()) visit(inner);
      else if (/(?<!\.d)\.(js|ts)$/.test(entry.name)) {
        hash.update(entry.name).update(readFileSync(inner));
      }
    }
  };
  visit(folder);
  return hash.digest("hex");
}
