import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, it } from "node:test";

const lib = resolve(import.meta.dirname, "..", "lib");

/** What each folder of lib may import, besides itself and third parties. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  tensor: [],
  engine: ["files", "tensor"],
  metric: [],
  stats: [],
  files: [],
  threads: [],
  figure: [],
  checkpoint: ["files", "metric", "tensor"],
  hub: ["files"],
  audio: ["tensor", "threads"],
  display: ["figure", "files"],
  data: ["tensor"],
  encoder: ["audio", "checkpoint", "tensor"],
  features: ["encoder", "checkpoint", "audio", "engine", "files", "tensor"],
  runlog: ["engine", "files"],
  llm: ["checkpoint", "engine", "files", "metric", "tensor"],
  pal: ["llm", "encoder", "metric", "tensor"],
  train: [
    "pal",
    "llm",
    "features",
    "encoder",
    "checkpoint",
    "data",
    "files",
    "tensor",
    "engine",
    "runlog",
    "threads",
  ],
  probe: ["tensor"],
  eval: ["train", "pal", "llm", "features", "data", "tensor"],
  world: [
    "probe",
    "eval",
    "checkpoint",
    "train",
    "runlog",
    "data",
    "pal",
    "llm",
    "features",
    "encoder",
    "audio",
    "stats",
    "files",
    "tensor",
    "threads",
  ],
  session: ["display", "figure", "engine", "audio", "files"],
  cli: [
    "session",
    "world",
    "train",
    "runlog",
    "pal",
    "features",
    "encoder",
    "llm",
    "audio",
    "checkpoint",
    "hub",
    "display",
    "engine",
    "files",
  ],
};

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (["dist", "dist.half", "node_modules"].includes(entry.name)) return [];
    if (entry.isDirectory()) return sources(path);
    return entry.name.endsWith(".ts") ? [path] : [];
  });
}

/** Local imports of a file, as paths below lib, without the ending. */
function localImports(path: string): string[] {
  const text = readFileSync(path, "utf8");
  const found = text.matchAll(/(?:from|import)\s*\(?\s*["'](\.[^"']+)["']/g);
  return [...found].map(([, name]) =>
    relative(lib, resolve(dirname(path), name)),
  );
}

/** What a file loads when it runs: types are gone then. */
function loadedBy(path: string): string[] {
  const text = readFileSync(path, "utf8");
  const found = text.matchAll(
    /^(?:import|export) (?!type )[^;]*?from "([^"]+)"/gms,
  );
  return [...found].map(([, name]) => name);
}

const folderOf = (path: string) => path.split("/")[0];

describe("imports", () => {
  const files = sources(lib).map((path) => relative(lib, path));

  it("point down, folder by folder", () => {
    const wrong: string[] = [];
    for (const file of files) {
      if (!file.includes("/")) continue; // index.ts names everything
      const from = folderOf(file);
      assert.ok(from in mayImport, `lib/${from} has no place in the layers`);
      for (const target of localImports(join(lib, file))) {
        const to = folderOf(target);
        if (to !== from && !mayImport[from].includes(to)) {
          wrong.push(`${file} -> ${target}`);
        }
      }
    }
    assert.deepEqual(wrong, []);
  });

  it("form no circle within a folder", () => {
    const graph = new Map(
      files.map((file) => [file, localImports(join(lib, file))]),
    );
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]) => {
      assert.ok(
        !path.includes(file),
        `circle: ${[...path, file].join(" -> ")}`,
      );
      if (done.has(file)) return;
      for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
  });

  it("reach no engine from what threads make batches with", () => {
    for (const begin of [
      "train/ahead/make.ts",
      "features/features.ts",
      "features/cache.ts",
      "features/in-cache.ts",
      "features/pictures.ts",
      "world/toy/ingredients.ts",
    ]) {
      const seen = new Set<string>();
      const visit = (file: string, path: readonly string[]) => {
        if (seen.has(file)) return;
        seen.add(file);
        const found = loadedBy(join(lib, file));
        const engine = found.find((name) => name.startsWith("@tensorflow"));
        assert.equal(engine, undefined, [...path, file].join(" -> "));
        for (const name of found.filter((one) => one.startsWith("."))) {
          visit(join(dirname(file), name), [...path, file]);
        }
      };
      visit(begin, []);
      assert.ok(seen.size > 3, begin);
    }
  });

  it("stay inside lib", () => {
    const outside = files.flatMap((file) =>
      localImports(join(lib, file))
        .filter((target) => target.startsWith(".."))
        .map((target) => `${file} -> ${target}`),
    );
    assert.deepEqual(outside, []);
  });

  it("name their file with its ending", () => {
    const bare = files.flatMap((file) =>
      localImports(join(lib, file)).filter((target) => !target.endsWith(".ts")),
    );
    assert.deepEqual(bare, []);
  });
});
