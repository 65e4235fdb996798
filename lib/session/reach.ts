import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

/** The library's modules: what they export, import and say. */
export interface Modules {
  /**
   * The modules that a text's words reach: those that export one of its words,
   * and all that they import, whole or in part.
   *
   * @returns paths in order; none where no word is the library's
   */
  reachedBy(text: string): string[];
  /** One hash for the text of these modules; of all of them, by default. */
  hashOf(paths?: readonly string[]): string;
}

interface Module {
  readonly text: string;
  readonly imports: readonly string[];
  readonly names: readonly string[];
}

const isSource = (file: string) => /(?<!\.d)\.(js|ts)$/.test(file);

/** Reads the modules below a folder of the library, compiled or not. */
export function readModules(folder: string): Modules {
  const modules = new Map(
    sources(folder).map((path) => [
      relative(folder, path),
      readModule(path, folder),
    ]),
  );
  const reach = (path: string, reached: Set<string>) => {
    if (reached.has(path) || !modules.has(path)) return;
    reached.add(path);
    for (const next of modules.get(path)!.imports) reach(next, reached);
  };
  return {
    reachedBy: (text) => {
      const words = new Set(text.match(/[\p{L}_$][\p{L}\p{N}_$]*/gu));
      const reached = new Set<string>();
      for (const [path, { names }] of modules) {
        if (names.some((name) => words.has(name))) reach(path, reached);
      }
      return [...reached].sort();
    },
    hashOf: (paths = [...modules.keys()].sort()) => {
      const hash = createHash("sha256");
      for (const path of paths)
        hash.update(`${path}\0${modules.get(path)!.text}\0`);
      return hash.digest("hex");
    },
  };
}

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.name === "node_modules" || entry.name === "dist") return [];
    if (entry.isDirectory()) return sources(path);
    // An index names everything: it makes nothing of its own.
    return isSource(entry.name) && !/^index\./.test(entry.name) ? [path] : [];
  });
}

function readModule(path: string, folder: string): Module {
  const text = readFileSync(path, "utf8");
  const from = /(?:\bfrom|\bimport)\s*\(?\s*["'](\.[^"']+)["']/g;
  const exported =
    /^export (?:async )?(?:function\*?|const|class) ([\p{L}_$][\p{L}\p{N}_$]*)/gmu;
  return {
    text,
    imports: [...text.matchAll(from)].map(([, name]) =>
      relative(folder, resolve(dirname(path), name)),
    ),
    names: [...text.matchAll(exported)].map(([, name]) => name),
  };
}
