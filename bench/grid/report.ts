import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "../../lib/files/atomic.ts";
import { processorSlug } from "../engine/report.ts";
import type { Ready, Way } from "./tasks.ts";

/** Two blocks of steps done in one way, in one round; in milliseconds. */
export interface Sample {
  readonly way: Way["name"];
  readonly design: string;
  readonly stage: number;
  /** Until both blocks were done. */
  readonly wall: number;
  /** Of the fastest step, over the processes at work at the same time. */
  readonly fastest: number;
  /** Of the processor, all threads and processes together. */
  readonly processor: number;
}

/** All rounds of a design's stage in one way; in milliseconds a step. */
export interface Row extends Pick<Sample, "way" | "design" | "stage"> {
  readonly minWall: number;
  readonly medianWall: number;
  readonly fastest: number;
  readonly minProcessor: number;
  readonly medianProcessor: number;
}

/** @param steps - of the two blocks together */
export function rowOf(samples: readonly Sample[], steps: number): Row {
  const [{ design, stage, way }] = samples;
  const [minWall, medianWall] = spread(samples.map(({ wall }) => wall / steps));
  const [minProcessor, medianProcessor] = spread(
    samples.map(({ processor }) => processor / steps),
  );
  return {
    ...{ way, design, stage, minWall, medianWall },
    ...{ minProcessor, medianProcessor },
    fastest: Math.min(...samples.map((one) => one.fastest)),
  };
}

function spread(times: readonly number[]): [number, number] {
  const sorted = [...times].sort((a, b) => a - b);
  return [sorted[0], sorted[sorted.length >> 1]];
}

const columns: readonly (readonly [string, (row: Row) => string])[] = [
  ["design", (row) => row.design],
  ["stage", (row) => String(row.stage)],
  ["way", (row) => row.way],
  ["wall ms a step, min", (row) => row.minWall.toFixed(1)],
  ["median", (row) => row.medianWall.toFixed(1)],
  ["fastest step", (row) => row.fastest.toFixed(1)],
  ["processor ms a step, min", (row) => row.minProcessor.toFixed(1)],
  ["median", (row) => row.medianProcessor.toFixed(1)],
];

export function table(rows: readonly Row[]): string[][] {
  return [
    columns.map(([heading]) => heading),
    ...rows.map((row) => columns.map(([, cell]) => cell(row))),
  ];
}

/** How the second way stands to the first, for each design's stage. */
export function verdictOf(rows: readonly Row[], ways: readonly Way[]) {
  const [one, two] = ways.map(({ name }) =>
    rows.filter(({ way }) => way === name),
  );
  return one.map((row, i) => {
    const ratio = (pick: (row: Row) => number) =>
      (pick(two[i]) / pick(row)).toFixed(2);
    return (
      `${row.design}, stage ${row.stage}: ${ways[1].name} over ` +
      `${ways[0].name}: ${ratio((one) => one.minWall)} of the time by minima, ` +
      `${ratio((one) => one.medianWall)} by medians, ` +
      `${ratio((one) => one.fastest)} by the fastest step; ` +
      `${ratio((one) => one.minProcessor)} of the processor's time`
    );
  });
}

/** What a process costs before its first step. */
export function readyLine({ name }: Way, ready: readonly Ready[]): string {
  const sum = (pick: (one: Ready) => number) =>
    ready.reduce((all, one) => all + pick(one), 0);
  return (
    `${name}: ready after ${(sum((one) => one.processor) / 1000).toFixed(1)} s ` +
    `of the processor, ${sum((one) => one.rssMiB).toFixed(0)} MiB`
  );
}

/** Writes results/grid/<processor>.json and .md. */
export function keep({
  facts,
  notes,
  rows,
  verdict,
}: {
  readonly facts: Readonly<Record<string, string>>;
  readonly notes: string;
  readonly rows: readonly Row[];
  readonly verdict: readonly string[];
}): string {
  const folder = join(import.meta.dirname, "..", "results", "grid");
  const [headings, ...cells] = table(rows);
  const lines = [headings, headings.map(() => "---"), ...cells];
  const list = (all: readonly string[]) =>
    all.map((line) => `- ${line}`).join("\n");
  const markdown = [
    "# A grid's runs, one after the other or two at a time",
    list(Object.entries(facts).map(([key, value]) => `${key}: ${value}`)),
    lines.map((line) => `| ${line.join(" | ")} |`).join("\n"),
    list(verdict),
    notes,
  ].join("\n\n");
  mkdirSync(folder, { recursive: true });
  const json = JSON.stringify({ facts, verdict, rows }, null, 2);
  writeWhole(join(folder, `${processorSlug()}.json`), `${json}\n`);
  writeWhole(join(folder, `${processorSlug()}.md`), `${markdown}\n`);
  return folder;
}
