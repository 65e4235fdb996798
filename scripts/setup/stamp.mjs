/** A stamp says that a step finished, and for which inputs. */
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { stampFolder } from "./paths.mjs";

/** Writes a whole file or none: a temporary name, then a rename. */
export function writeWhole(path, content) {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, content);
  renameSync(temporary, path);
}

/** Hash of texts and of the files named; a missing file counts as empty. */
export function hashOf(texts, files = []) {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(`${text}\0`);
  for (const file of files) {
    hash.update(file).update(existsSync(file) ? readFileSync(file) : "");
  }
  return hash.digest("hex").slice(0, 16);
}

/** Files below a folder that `wanted` accepts, in a fixed order. */
export function filesBelow(folder, wanted) {
  return readdirSync(folder, { withFileTypes: true })
    .filter(
      (entry) => !["node_modules", "dist", "dist.half"].includes(entry.name),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return filesBelow(path, wanted);
      return wanted(path) ? [path] : [];
    });
}

const stampPath = (name) => join(stampFolder, name);

/** What a finished step wrote down, or undefined if it never finished. */
export function readStamp(name) {
  const path = stampPath(name);
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

export function writeStamp(name, content) {
  writeWhole(stampPath(name), content);
}

/** Takes the stamp away before the step's results are touched. */
export function clearStamp(name) {
  rmSync(stampPath(name), { force: true });
}
