import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { Scale } from "./settings.ts";

/** Where a notebook's results go. */
export interface Folders {
  /** Figures and tables; those of a small scale stay apart from the full. */
  readonly figures: string;
  /** What `remember` keeps. */
  readonly memory: string;
  /** Files that a later run may find again. */
  readonly scratch: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The folder for downloads, outside any checkout. */
export function cacheOf({ PAL_CACHE, XDG_CACHE_HOME }: Environment): string {
  if (PAL_CACHE) return PAL_CACHE;
  return join(XDG_CACHE_HOME || join(homedir(), ".cache"), "pal-lab");
}

/** The checkout that holds `folder`, or `folder` itself outside of one. */
export function findRoot(folder: string): string {
  for (let here = resolve(folder); ; here = dirname(here)) {
    const manifest = join(here, "package.json");
    if (existsSync(manifest)) {
      const { name } = JSON.parse(readFileSync(manifest, "utf8"));
      if (name === "pal-lab-repository") return here;
    }
    if (here === dirname(here)) return resolve(folder);
  }
}

/** Folders of a run at `scale` started in `folder`. */
export function foldersFor(folder: string, scale: Scale): Folders {
  const root = findRoot(folder);
  const figures = join(root, "figures");
  return {
    figures: scale === "full" ? figures : join(figures, scale),
    memory: join(root, ".pal", "memory"),
    scratch: join(root, ".pal", "scratch"),
  };
}
