import { readFileSync } from "node:fs";

/**
 * An object from a JSON file of the grid's own.
 *
 * @throws TypeError for a file that is none, or lacks a field
 */
export function readObject<T extends object>(
  path: string,
  what: string,
  fields: readonly (string & keyof T)[],
): T {
  const text = readFileSync(path, "utf8");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw damaged(text.slice(0, 40), cause);
  }
  const found = (value ?? {}) as T;
  const missing = fields.find((field) => found[field] === undefined);
  if (missing === undefined) return found;
  throw damaged(`none "${missing}"`);

  function damaged(got: string, cause?: unknown): TypeError {
    return new TypeError(
      `grid: expected ${what} as JSON, got ${got} (${path}); remove the file`,
      { cause },
    );
  }
}
