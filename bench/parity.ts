import { statSync } from "node:fs";
import { relative } from "node:path";
import { llmFolder } from "../lib/cli/llm-folder.ts";
import { useEngine } from "../lib/engine/engine.ts";
import { weightsLine } from "../lib/hub/source.ts";
import { readSettings } from "../lib/session/settings.ts";
import { compareFixture, type Row } from "./parity/compare.ts";
import { fixtureFolders } from "./parity/fixture.ts";
import { compareLlm } from "./parity/whole-llm.ts";

const usage = `npm run pal -- parity FOLDER
npm run pal -- parity --llm smollm2|FOLDER

Computes the outputs of every fixture in FOLDER and below and compares them
with the stored ones. A fixture is a folder with io.safetensors, config.json
and, if it has weights, model.safetensors. PAL_ENGINE chooses the engine.

  --llm NAME|FOLDER  a language model that was fetched, or its folder, whole,
                     against transformers in the Python that PAL_PYTHON names:
                     tokens of 500 strings, its chat template, streams, scores
                     and 40 greedy tokens`;

/** Compares this library with the official code, on fixtures of its outputs. */
export async function parity(args: readonly string[]): Promise<number> {
  const [folder, ...rest] = args;
  if (folder === "--llm" && rest.length === 1) return parityOfLlm(rest[0]);
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
  await startEngine();
  const rows: Row[] = [];
  for (const path of folders) {
    rows.push(...(await compareFixture(relative(folder, path) || ".", path)));
  }
  return told(rows, `${folders.length} fixtures`);
}

async function startEngine(): Promise<void> {
  const { engine: asked } = readSettings(process.env);
  const { description, name } = await useEngine(asked);
  // For "auto", useEngine has said it.
  if (asked !== "auto") console.log(`engine: ${name} (${description})`);
}

async function parityOfLlm(named: string): Promise<number> {
  const folder = llmFolder(named, process.env);
  await startEngine();
  const python = process.env.PAL_PYTHON ?? "python3";
  const { rows, version } = await compareLlm(folder, python);
  console.log(`${weightsLine(folder)}; ${version}`);
  return told(rows, named);
}

/** Prints the table and its sum; the exit code. */
function told(rows: readonly Row[], what: string): number {
  for (const line of tableLines(rows)) console.log(line);
  const failed = rows.filter(({ pass }) => !pass).length;
  console.log(`${what}, ${rows.length} comparisons, ${failed} failed`);
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
