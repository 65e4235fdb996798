import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "../../lib/files/atomic.ts";
import type { TapCost } from "./taps.ts";
import { audioTokens, flopsOf, type Measurement, type Task } from "./tasks.ts";

/** One task on one contender. */
export interface Result {
  readonly contender: "pal-lab" | "PyTorch";
  readonly task: Task;
  readonly answer: Measurement;
}

/** One line of the table of steps. */
export interface Row {
  readonly size: string;
  readonly stage: number;
  readonly design: string;
  readonly audioTokens: number;
  readonly contender: string;
  readonly mode: string;
  readonly median: number; // ms
  readonly min: number; // ms
  readonly gflops: number; // per step, matrix products
  /** PyTorch's step over this one, by medians and by minima. */
  readonly timesPytorch: number;
  readonly timesPytorchAtBest: number;
  readonly losses: readonly number[];
  readonly nNodes?: number;
}

export function rowsOf(results: readonly Result[]): Row[] {
  return results.map(({ answer, contender, task }) => {
    const { losses, nNodes } = answer;
    const mine = timesOf(answer);
    const peer = timesOf(peerOf(results, task));
    const { config, mode, size, stage } = task;
    return {
      size,
      stage,
      design: config.variant.name,
      contender,
      mode,
      audioTokens: audioTokens(task),
      ...mine,
      gflops: flopsOf(task) / 1e9,
      timesPytorch: peer.median / mine.median,
      timesPytorchAtBest: peer.min / mine.min,
      losses,
      nNodes,
    };
  });
}

function timesOf({ times }: Measurement): { median: number; min: number } {
  const sorted = [...times].sort((a, b) => a - b);
  return { median: sorted[sorted.length >> 1], min: sorted[0] };
}

/** PyTorch's answer to the same task; both must have trained the same model. */
function peerOf(results: readonly Result[], task: Task): Measurement {
  const peer = results.find(
    (one) =>
      one.contender === "PyTorch" &&
      one.task.size === task.size &&
      one.task.stage === task.stage &&
      one.task.config.variant.name === task.config.variant.name &&
      audioTokens(one.task) === audioTokens(task),
  );
  if (!peer) throw new Error("step: expected PyTorch's answer, got none");
  return peer.answer;
}

/** The largest relative difference of a loss from PyTorch's. */
export function lossDifference(results: readonly Result[]): number {
  const all = results.flatMap(({ answer, task }) =>
    answer.losses.map((loss, i) => {
      const other = peerOf(results, task).losses[i];
      return Math.abs(loss - other) / Math.abs(other);
    }),
  );
  return Math.max(...all);
}

/** What attention-only saves over the baseline: promised, and kept. */
export interface Saving {
  readonly size: string;
  readonly stage: number;
  readonly audioTokens: number;
  readonly contender: string;
  readonly mode: string;
  readonly baseline: number; // ms, the fastest step
  readonly attentionOnly: number; // ms
  readonly ofFlops: number;
  readonly ofTime: number;
  /** Of time over of FLOPs. */
  readonly share: number;
}

export function savingsOf(rows: readonly Row[]): Saving[] {
  return rows.flatMap((base) => {
    const { audioTokens, contender, mode, size, stage } = base;
    const like = { size, stage, audioTokens, contender, mode };
    const other = rows.find(
      (row) =>
        row.design === "attention-only" &&
        Object.entries(like).every(([key, x]) => row[key as keyof Row] === x),
    );
    if (base.design !== "baseline" || !other) return [];
    const ofFlops = 1 - other.gflops / base.gflops;
    const ofTime = 1 - other.min / base.min;
    const share = ofTime / ofFlops;
    const times = { baseline: base.min, attentionOnly: other.min };
    return [{ ...like, ...times, ofFlops, ofTime, share }];
  });
}

type Table = readonly (readonly string[])[];

export function stepTable(rows: readonly Row[]): Table {
  return [
    [
      ...["size", "stage", "design", "A", "on", "mode", "median ms", "min ms"],
      ...["GFLOP", "GFLOP/s at best", "x PyTorch", "by minima", "nodes"],
    ],
    ...rows.map((row) => [
      ...[row.size, `${row.stage}`, row.design, `${row.audioTokens}`],
      ...[row.contender, row.mode, row.median.toFixed(1), row.min.toFixed(1)],
      ...[row.gflops.toFixed(1), ((row.gflops / row.min) * 1e3).toFixed(0)],
      row.timesPytorch.toFixed(2),
      row.timesPytorchAtBest.toFixed(2),
      `${row.nNodes ?? "-"}`,
    ]),
  ];
}

export function savingTable(savings: readonly Saving[]): Table {
  const percent = (x: number) => `${(100 * x).toFixed(0)} %`;
  return [
    [
      ...["size", "stage", "A", "on", "mode", "baseline ms"],
      ...["attention-only ms", "FLOPs saved", "time saved", "share"],
    ],
    ...savings.map((one) => [
      ...[one.size, `${one.stage}`, `${one.audioTokens}`, one.contender],
      ...[one.mode, one.baseline.toFixed(1), one.attentionOnly.toFixed(1)],
      ...[percent(one.ofFlops), percent(one.ofTime), one.share.toFixed(2)],
    ]),
  ];
}

export function tapLine({ calls, forwardMs, nodes, tapsMs }: TapCost): string {
  const share = ((100 * tapsMs) / forwardMs).toFixed(2);
  return (
    `taps unheard: ${calls} calls, ${(1000 * tapsMs).toFixed(0)} us of an ` +
    `op-by-op forward of ${forwardMs.toFixed(0)} ms (${share} %), none while ` +
    `a graph runs; its nodes: ${nodes.unheard}, and ${nodes.heard} with a tap`
  );
}

/** A table for the terminal, columns padded. */
export function textTable(table: Table): string {
  const widths = table[0].map((_, column) =>
    Math.max(...table.map((cells) => cells[column].length)),
  );
  return table
    .map((cells) => cells.map((cell, i) => cell.padEnd(widths[i])).join("  "))
    .join("\n");
}

function markdownTable([head, ...rows]: Table): string {
  return [head, head.map(() => "---"), ...rows]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

/** Writes results/step.json and step.md, the latter with the notes. */
export function keep(kept: {
  readonly facts: Readonly<Record<string, string>>;
  readonly verdict: readonly string[];
  readonly rows: readonly Row[];
  readonly savings: readonly Saving[];
  readonly taps: TapCost;
}): string {
  const folder = join(import.meta.dirname, "..", "results");
  const list = (lines: readonly string[]) =>
    lines.map((line) => `- ${line}`).join("\n");
  const notes = readFileSync(join(import.meta.dirname, "notes.md"), "utf8");
  const markdown = [
    "# One training step, against PyTorch",
    list(Object.entries(kept.facts).map(([key, value]) => `${key}: ${value}`)),
    list(kept.verdict),
    markdownTable(stepTable(kept.rows)),
    "## What attention-only saves over the baseline",
    markdownTable(savingTable(kept.savings)),
    notes.trim(),
  ].join("\n\n");
  writeWhole(join(folder, "step.json"), `${JSON.stringify(kept, null, 2)}\n`);
  writeWhole(join(folder, "step.md"), `${markdown}\n`);
  return folder;
}
