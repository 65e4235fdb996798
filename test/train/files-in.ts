import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Every file below a folder, as the sha256 of its bytes. */
export function filesIn(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map(({ name, parentPath }) => join(parentPath, name));
  return Object.fromEntries(
    paths.sort().map((path) => {
      const hash = createHash("sha256").update(readFileSync(path));
      return [path.slice(folder.length + 1), hash.digest("hex")];
    }),
  );
}
