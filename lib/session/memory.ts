import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import { writeWhole } from "../files/atomic.ts";

/** Results of long stages, kept on disk so that a run can go on. */
export interface Memory {
  /** The kept value and when it was made, or undefined. */
  recall(key: unknown): { value: unknown; madeAt: Date } | undefined;
  keep(key: unknown, value: unknown): void;
}

const digest = (bytes: Uint8Array | string) =>
  createHash("sha256").update(bytes).digest();

/** A key as text: numbers in typed arrays are told by their hash. */
function textOf(key: unknown): string {
  return JSON.stringify(key, (_, value: unknown) => {
    if (!ArrayBuffer.isView(value)) return value;
    const { buffer, byteLength, byteOffset } = value;
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    return {
      kind: value.constructor.name,
      sha256: digest(bytes).toString("hex"),
    };
  });
}

/**
 * Opens a memory in `folder`.
 *
 * A value is found again only under the same key, plain data whose typed arrays
 * count by what is in them. Files are written whole or
 * not at all and begin with their own SHA-256; one that does not match is
 * treated as absent and reported.
 *
 * @param options - report: told of a damaged file
 */
export function openMemory(
  folder: string,
  { report }: { readonly report: (line: string) => void },
): Memory {
  mkdirSync(folder, { recursive: true });
  const pathOf = (key: unknown) => {
    const name = digest(textOf(key)).toString("hex");
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
      writeWhole(pathOf(key), [digest(body), body]);
    },
  };
}
