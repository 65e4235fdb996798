import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { describe, it } from "node:test";
import ts from "typescript";

const root = resolve(import.meta.dirname, "..");
const lib = join(root, "lib");

/** Letters of the legend in lib/tensor/shapes.ts, and 1. */
const legend = new Set(
  [
    ...readFileSync(join(lib, "tensor", "shapes.ts"), "utf8").matchAll(
      /(?<= {2,3})([A-Z1]) {2}(?=\S)/g,
    ),
  ].map(([, letter]) => letter),
);

const ranks: Readonly<Record<string, number>> = {
  Tensor1D: 1,
  Tensor2D: 2,
  Tensor3D: 3,
  Tensor4D: 4,
  Tensor5D: 5,
};

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (["dist", "dist.half", "node_modules"].includes(entry.name)) return [];
    if (entry.isDirectory()) return sources(path);
    return entry.name.endsWith(".ts") ? [path] : [];
  });
}

interface Declared {
  readonly where: string;
  readonly suffix: string;
  readonly type: string;
}

/** Names with a shape suffix that are declared with a type. */
function declarations(path: string): Declared[] {
  const text = readFileSync(path, "utf8");
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: Declared[] = [];
  const visit = (node: ts.Node) => {
    const named =
      ts.isVariableDeclaration(node) ||
      ts.isParameter(node) ||
      ts.isPropertySignature(node);
    if (named && node.type && ts.isIdentifier(node.name)) {
      const suffix = /_([A-Z1]+)$/.exec(node.name.text)?.[1];
      const where = `${relative(root, path)}: ${node.name.text}`;
      if (suffix) found.push({ where, suffix, type: node.type.getText(file) });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

describe("shape suffixes", () => {
  const found = sources(lib).flatMap(declarations);

  it("are in use", () => {
    assert.ok(legend.size >= 20, `the legend has ${legend.size} letters`);
    assert.ok(found.length > 0);
  });

  it("use the legend's letters only", () => {
    const unknown = found.filter(({ suffix }) =>
      [...suffix].some((letter) => !legend.has(letter)),
    );
    assert.deepEqual(unknown, []);
  });

  it("have as many letters as the declared rank", () => {
    const wrong = found.filter(({ suffix, type }) => {
      const rank = ranks[/^tf\.(Tensor\dD)$/.exec(type)?.[1] ?? ""];
      return rank !== undefined && rank !== suffix.length;
    });
    assert.deepEqual(wrong, []);
  });
});

it("prints the sizes that style asks for, without failing", () => {
  const long = sources(lib)
    .map((path) => ({
      file: relative(root, path),
      lines: readFileSync(path, "utf8").split("\n").length,
    }))
    .filter(({ lines }) => lines > 200);
  for (const { file, lines } of long) console.log(`${file}: ${lines} lines`);
});
