import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as tf from "@tensorflow/tfjs";

/** The code that ran, or why git can not tell it. */
export type Revision =
  | {
      readonly commit: string;
      /** Whether files differ from the commit; `figures` does not count. */
      readonly isDirty: boolean;
    }
  | { readonly absent: string };

export interface Versions {
  readonly palLab: string;
  readonly node: string;
  readonly tfjs: string;
}

/** The versions of this process; TensorFlow's own is in the engine's line. */
export function versions(): Versions {
  const manifest = join(packageFolder(), "package.json");
  const { version } = JSON.parse(readFileSync(manifest, "utf8"));
  return { palLab: version, node: process.version, tfjs: tf.version.tfjs };
}

/**
 * The revision of the checkout that `folder` is in, the library's by default.
 *
 * A library that git does not follow, as one installed into another project,
 * has none: that project's revision would say nothing about it.
 */
export function revisionOf(folder = packageFolder()): Revision {
  const git = (...args: string[]) =>
    execFileSync("git", args, {
      cwd: folder,
      encoding: "utf8",
      // Of status: it would write what it learned, beside a commit.
      env: { ...process.env, GIT_OPTIONAL_LOCKS: "0", LC_ALL: "C" },
      stdio: ["ignore", "pipe", "pipe"],
    }).trim();
  try {
    git("ls-files", "--error-unmatch", "package.json");
    const commit = git("rev-parse", "HEAD");
    // Figures are what runs write, not what they are made of.
    const others = [":/", ":(top,exclude)figures"];
    const changes = git("status", "--porcelain", "--", ...others);
    return { commit, isDirty: changes !== "" };
  } catch (error) {
    return { absent: whyNot(error) };
  }
}

function whyNot(error: unknown): string {
  const { code, message, stderr } = error as NodeJS.ErrnoException & {
    readonly stderr?: string;
  };
  if (code === "ENOENT") return "git is not installed";
  return (stderr || message).trim().split("\n")[0];
}

/** The folder of the library's package, from its source or compiled. */
function packageFolder(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  for (const folder of [join(here, ".."), join(here, "..", "..")]) {
    if (existsSync(join(folder, "package.json"))) return folder;
  }
  throw new Error(
    `packageFolder: expected the library's package.json above ${here}, ` +
      "got none; install pal-lab again",
  );
}
