/** npm packages: the library's, and the kernel's in a folder of its own. */
import { existsSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { requireDisk } from "./disk.mjs";
import { requireHome } from "./home.mjs";
import { wholeOrNot } from "./interrupt.mjs";
import { kernelFolder, root } from "./paths.mjs";
import { note, run, SetupError } from "./run.mjs";
import { clearStamp, hashOf, readStamp, writeStamp } from "./stamp.mjs";

/** What npm makes in a folder: of the root also its workspace's packages. */
function madeIn(folder) {
  const folders = folder === root ? [folder, join(root, "lib")] : [folder];
  return folders.map((each) => join(each, "node_modules"));
}

/** Retries: a file system may be slow to show a folder empty. */
function clear(folders) {
  for (const path of folders) {
    rmSync(path, { recursive: true, force: true, maxRetries: 5 });
  }
}

/**
 * Installs a folder's lock file as it stands.
 *
 * No package's install script runs (`ignore-scripts` in .npmrc): npm 11 would
 * ask, npm 10 would let the engine's download what we build ourselves.
 *
 * @returns what the step's line says, and whether anything was done
 */
async function installPackages(name, folder, gibibytes) {
  const manifests = ["package.json", "package-lock.json"];
  if (folder === root) manifests.push("lib/package.json");
  const wanted = hashOf(
    [process.platform, process.arch, name],
    manifests.map((file) => join(folder, file)),
  );
  const modules = join(folder, "node_modules");
  const marker = join(modules, ".package-lock.json");
  if (readStamp(name) === wanted && existsSync(marker))
    return { text: "up to date", done: false };

  requireDisk(gibibytes, name, "free some, then run it again");
  requireHome();
  clearStamp(name);
  const made = madeIn(folder);
  if (made.some((path) => existsSync(path)) && !existsSync(marker)) {
    note(`${relative(root, modules)} was half-made: it is cleared`);
    clear(made);
  }
  const npm = process.env.npm_execpath;
  const [command, before] = npm?.endsWith(".js")
    ? [process.execPath, [npm]]
    : ["npm", []];
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
  try {
    await wholeOrNot(
      () => clear(made),
      () => run(command, [...before, ...args], { log: name, cwd: folder }),
    );
  } catch (error) {
    throw new SetupError(
      `npm packages could not be installed\n${error.message}`,
      "check that npm reaches its registry (npm ping), then run it again",
      { cause: error },
    );
  }
  writeStamp(name, wanted);
  return { text: "installed", done: true };
}

export const installAll = [
  ["npm packages", () => installPackages("packages", root, 1.2)],
  [
    "kernel packages",
    () => installPackages("kernel-packages", kernelFolder, 0.2),
  ],
];
