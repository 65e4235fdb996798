import { statSync } from "node:fs";
import { relative } from "node:path";
import { useEngine } from "../lib/engine/engine.ts";
import { readSettings } from "../lib/session/settings.ts";
import { compareFixture, type Row } from "./parity/compare.ts";
import { fixtureFolders } from "./parity/fixture.ts";

const usage = `npm run pal -- parity FOLDER

Computes the outputs of every fixture in FOLDER and below and compares them
with the stored ones. A fixture is a folder with io.safetensors, config.json
and, if it has weights, model.safetensors. PAL_ENGINE chooses the engine.`;

/** Compares this library with the official code, on fixtures of its outputs. */
export async function parity(args: readonly string[]): Promise<number> {
  const [folder, ...rest] = args;
  if (folder === "--help" || folder === "-h") {
    console.log(usage);
    return 0;
  }
  const isFolder =
    folder !== undefined &&
    statSync(folder, { throwIfNoEntry: false })?.isDirectory();
  if (!isFolder || rest.length > 0) {
    console.error(`parity: expected one folder, got "${args.join(" ")}"`);
    console.error(usage);
    return 2;
  }
  const folders = fixtureFolders(folder);
  if (folders.length === 0) {
    throw new Error(
      `parity: expected folders with io.safetensors in ${folder}, got none`,
    );
  }
  const { engine: asked } = readSettings(process.env);
  const { description, name } = await useEngine(asked);
  // For "auto", useEngine has said it.
  if (asked !== "auto") console.log(`engine: ${name} (${description})`);
  const rows: Row[] = [];
  for (const path of folders) {
    rows.push(...(await compareFixture(relative(folder, path) || ".", path)));
  }
  for (const line of tableLines(rows)) console.log(line);
  const failed = rows.filter(({ pass }) => !pass).length;
  console.log(
    `${folders.length} fixtures, ${rows.length} comparisons, ` +
      `${failed} failed`,
  );
  return failed === 0 ? 0 : 1;
}

const heads = [
  "fixture",
  "tensor",
  "max abs error",
  "mean abs error",
  "tolerance",
  "pass",
] as const;

/** The rows as text in columns; a fault takes the place of the numbers. */
function tableLines(rows: readonly Row[]): string[] {
  const cells = rows.map((row) => [
    row.fixture,
    row.tensor,
    ...(row.fault
      ? ["", "", ""]
      : [exact(row.max), exact(row.mean), row.limit]),
    row.pass ? "yes" : `NO${row.fault ? `: ${row.fault}` : ""}`,
  ]);
  const widths = heads.map((head, i) =>
    Math.max(head.length, ...cells.map((line) => line[i].length)),
  );
  widths[heads.length - 1] = 0;
  return [heads, ...cells].map((line) =>
    line
      .map((cell, i) => cell.padEnd(widths[i]))
      .join("  ")
      .trimEnd(),
  );
}

function exact(value: number): string {
  return value === 0 ? "0" : value.toExponential(1);
}
