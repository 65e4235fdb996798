import { mkdirSync, readFileSync } from "node:fs";
import { arch, cpus, loadavg, platform, totalmem } from "node:os";
import { join } from "node:path";
import { instructionSet, processorName } from "../../lib/engine/numerics.ts";
import { writeWhole } from "../../lib/files/atomic.ts";
import { flopsOf, type Mode, peers, type Task } from "./tasks.ts";

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
  /** Of the best rate of the largest product in the same run. */
  readonly share: number;
  /** The fastest peer's time over this one, by medians. */
  readonly timesPeer?: number;
  /** The same by minima, which other work on the machine hardly moves. */
  readonly timesPeerAtBest?: number;
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
      rate: flopsOf(task) / sorted[0] / 1e6,
      firstLoss,
    };
  });
  const products = rows.filter(({ task }) => task === "matmul 1024");
  const peak = Math.max(...products.map(({ rate }) => rate));
  return rows.map(({ rate: _rate, ...row }) => {
    const shared = { ...row, share: row.gflops / peak };
    const others = rows.filter(
      (one) => one.task === row.task && peers.includes(one.contender),
    );
    if (others.length === 0) return shared;
    return {
      ...shared,
      timesPeer: Math.min(...others.map((one) => one.median)) / row.median,
      timesPeerAtBest: Math.min(...others.map((one) => one.min)) / row.min,
    };
  });
}

/** The largest relative difference of a first loss from the first one's. */
export function lossDifference(rows: readonly Row[]): number {
  const differences = rows.map(({ firstLoss, task }) => {
    const first = rows.find((one) => one.task === task)?.firstLoss;
    if (firstLoss === undefined || first === undefined) return 0;
    return Math.abs(firstLoss - first) / Math.abs(first);
  });
  return Math.max(...differences);
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
  "of peak",
  "x fastest peer",
  "by minima",
];

function cellsOf(row: Row): string[] {
  return [
    row.task,
    row.contender,
    row.mode,
    row.median.toFixed(1),
    `${row.min.toFixed(1)} .. ${row.max.toFixed(1)}`,
    row.gflops.toFixed(0),
    `${(100 * row.share).toFixed(0)} %`,
    row.timesPeer?.toFixed(2) ?? "-",
    row.timesPeerAtBest?.toFixed(2) ?? "-",
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
    cpu: `${cpus().length} x ${processorName()}`,
    vectors: instructionSet(),
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

/** A processor as a file name: `amd-epyc-avx-512`. */
export const processorSlug = () =>
  `${processorName()} ${instructionSet()}`
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-");

/**
 * Writes results/engine/<processor>.json and .md, the latter with the notes:
 * what holds on one processor may not on another.
 */
export function keep({ machine, rows, verdict, versions }: Kept): string {
  const folder = join(import.meta.dirname, "..", "results", "engine");
  const slug = processorSlug();
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
  writeWhole(join(folder, `${slug}.json`), `${json}\n`);
  writeWhole(join(folder, `${slug}.md`), `${markdown}\n`);
  return folder;
}
