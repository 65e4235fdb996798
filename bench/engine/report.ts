import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { arch, cpus, loadavg, platform, totalmem } from "node:os";
import { join } from "node:path";
import { flopsOf, type Mode, type Task } from "./tasks.ts";

/** All times of one task on one contender, over all rounds. */
export interface Result {
  readonly task: Task;
  readonly contender: string;
  readonly mode: Mode;
  readonly times: number[]; // ms
  readonly firstLoss?: number;
}

/** One line of the table. */
export interface Row {
  readonly task: string;
  readonly contender: string;
  readonly mode: Mode;
  readonly median: number; // ms
  readonly min: number; // ms
  readonly max: number; // ms
  readonly gflops: number; // at the median
  /** PyTorch's eager step over this one, by medians. */
  readonly timesPytorch?: number;
  /** The same by minima, which other work on the machine hardly moves. */
  readonly timesPytorchAtBest?: number;
  readonly firstLoss?: number;
}

export function rowsOf(results: readonly Result[]): Row[] {
  const rows = results.map(({ contender, firstLoss, mode, task, times }) => {
    const sorted = [...times].sort((a, b) => a - b);
    const median = sorted[sorted.length >> 1];
    return {
      task: labelOf(task),
      contender,
      mode,
      median,
      min: sorted[0],
      max: sorted[sorted.length - 1],
      gflops: flopsOf(task) / median / 1e6,
      firstLoss,
    };
  });
  return rows.map((row) => {
    const peer = rows.find(
      (one) => one.task === row.task && one.contender === "PyTorch",
    );
    if (!peer) return row;
    return {
      ...row,
      timesPytorch: peer.median / row.median,
      timesPytorchAtBest: peer.min / row.min,
    };
  });
}

function labelOf(task: Task): string {
  if (task.kind === "matmul") return `matmul ${task.n}`;
  const { B, T, name } = task.size;
  return `train ${name}, ${B} x ${T} tokens`;
}

const headings = [
  "task",
  "engine",
  "mode",
  "median ms",
  "min .. max ms",
  "GFLOP/s",
  "x PyTorch",
  "by minima",
];

export function cellsOf(row: Row): string[] {
  return [
    row.task,
    row.contender,
    row.mode,
    row.median.toFixed(1),
    `${row.min.toFixed(1)} .. ${row.max.toFixed(1)}`,
    row.gflops.toFixed(0),
    row.timesPytorch?.toFixed(2) ?? "-",
    row.timesPytorchAtBest?.toFixed(2) ?? "-",
  ];
}

/** A table for the terminal, columns padded. */
export function textTable(rows: readonly Row[]): string {
  const lines = [headings, ...rows.map(cellsOf)];
  const widths = headings.map((_, column) =>
    Math.max(...lines.map((cells) => cells[column].length)),
  );
  return lines
    .map((cells) => cells.map((cell, i) => cell.padEnd(widths[i])).join("  "))
    .join("\n");
}

/** What the numbers depend on. */
export function machine(): Record<string, string> {
  const gibibytes = totalmem() / 2 ** 30;
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: `${cpus().length} x ${cpus()[0].model.trim()}`,
    memory: `${gibibytes.toFixed(0)} GiB`,
    system: `${platform()} ${arch()}`,
    node: process.version,
  };
}

export const load = () => loadavg()[0].toFixed(1);

interface Kept {
  readonly machine: Record<string, string>;
  readonly versions: Record<string, string>;
  readonly verdict: readonly string[];
  readonly rows: readonly Row[];
}

/** Writes results/engine.json and engine.md, the latter with the notes. */
export function keep({ machine, rows, verdict, versions }: Kept): string {
  const folder = join(import.meta.dirname, "..", "results");
  const notes = join(import.meta.dirname, "notes.md");
  const facts = { ...machine, ...versions };
  const list = Object.entries(facts).map(
    ([key, value]) => `- ${key}: ${value}`,
  );
  const table = [headings, headings.map(() => "---"), ...rows.map(cellsOf)];
  const markdown = [
    "# Engines, side by side",
    list.join("\n"),
    table.map((cells) => `| ${cells.join(" | ")} |`).join("\n"),
    verdict.map((line) => `- ${line}`).join("\n"),
    readFileSync(notes, "utf8").trim(),
  ].join("\n\n");
  mkdirSync(folder, { recursive: true });
  const json = JSON.stringify({ machine, versions, verdict, rows }, null, 2);
  write(join(folder, "engine.json"), `${json}\n`);
  write(join(folder, "engine.md"), `${markdown}\n`);
  return folder;
}

function write(path: string, text: string): void {
  writeFileSync(`${path}.part`, text);
  renameSync(`${path}.part`, path);
}
