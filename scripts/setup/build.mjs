/** The library, compiled for the notebooks. */
import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "./paths.mjs";
import { run } from "./run.mjs";
import {
  clearStamp,
  filesBelow,
  hashOf,
  readStamp,
  writeStamp,
} from "./stamp.mjs";

/** Compiles `lib` to `lib/dist` when a source file changed. */
export async function buildLibrary() {
  const lib = join(root, "lib");
  const sources = filesBelow(lib, (path) => /\.(ts|json)$/.test(path));
  const wanted = hashOf(
    ["library"],
    [...sources, join(root, "tsconfig.json"), join(root, "package-lock.json")],
  );
  const dist = join(lib, "dist");
  const marker = join(dist, "index.js");
  if (readStamp("library") === wanted && existsSync(marker)) {
    return { text: "up to date", done: false };
  }
  clearStamp("library");
  // By path: the name tsc in node_modules/.bin may belong to another package.
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const half = `${dist}.half`;
  rmSync(half, { recursive: true, force: true });
  await run(process.execPath, [tsc, "-p", lib, "--outDir", half], {
    log: "build",
  });
  rmSync(dist, { recursive: true, force: true });
  renameSync(half, dist);
  writeStamp("library", wanted);
  return { text: `${sources.length} files compiled`, done: true };
}
