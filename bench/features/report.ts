import { mkdirSync } from "node:fs";
import { arch, cpus, loadavg, platform, totalmem } from "node:os";
import { join } from "node:path";
import { writeWhole } from "../../lib/files/atomic.ts";
import { bands, type Contender, type Times } from "./contenders.ts";

export interface Row {
  readonly task: string;
  readonly name: string;
  /** Clips of 10 s for each second of processor time. */
  readonly clipsPerCore: number;
  readonly median: number; // ms of processor time
  readonly fastest: number; // ms by the wall
  /** Mean of the features, to see that all did the same. */
  readonly mean: number | undefined;
}

/** The figures of one contender on one task. */
export function rowOf(
  { name, task }: Contender,
  { cpu, wall }: Times,
  mean: number | undefined,
): Row {
  const median = cpu.toSorted((a, b) => a - b)[cpu.length >> 1];
  const fastest = Math.min(...wall);
  return { task, name, clipsPerCore: 1000 / median, median, fastest, mean };
}

/** What the numbers depend on. */
export function machine(load: number, rounds: string): Record<string, string> {
  const after = loadavg()[0];
  const isQuiet = Math.max(load, after) < cpus().length / 2;
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: `${cpus().length} x ${cpus()[0].model.trim()}`,
    memory: `${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    system: `${platform()} ${arch()}`,
    node: process.version,
    load: `${load.toFixed(1)} to ${after.toFixed(1)}, ${rounds} rounds${
      isQuiet ? "" : "; the machine was not quiet"
    }`,
  };
}

/** Prints the table, and keeps it as JSON and Markdown. */
export function report(
  rows: readonly Row[],
  facts: Record<string, string>,
): void {
  const verdict = verdictOf(rows);
  const headings = [
    ...["task", "by", "clips/s per core"],
    ...["median ms (cpu)", "fastest ms (wall)", "mean of features"],
  ];
  const cells = rows.map((row) => [
    ...[row.task, row.name, row.clipsPerCore.toFixed(0)],
    ...[row.median.toFixed(2), row.fastest.toFixed(2)],
    row.mean?.toFixed(4) ?? "-",
  ]);
  console.table(
    cells.map((row) => Object.fromEntries(row.map((x, i) => [headings[i], x]))),
  );
  for (const line of verdict) console.log(line);
  const table = [headings, headings.map(() => "---"), ...cells];
  const markdown = [
    "# Front-ends, side by side",
    Object.entries(facts)
      .map(([key, value]) => `- ${key}: ${value}`)
      .join("\n"),
    table.map((row) => `| ${row.join(" | ")} |`).join("\n"),
    verdict.map((line) => `- ${line}`).join("\n"),
    `Clips of 10 s, one thread each. The filter bank has ${bands} bands here: ` +
      "kaldi-native-fbank refuses SSLAM's 128, of which one is empty. `sslam` " +
      "is the whole input with all 128.",
  ].join("\n\n");
  const folder = join(import.meta.dirname, "..", "results");
  mkdirSync(folder, { recursive: true });
  const json = JSON.stringify({ machine: facts, verdict, rows }, null, 2);
  writeWhole(join(folder, "features.json"), `${json}\n`);
  writeWhole(join(folder, "features.md"), `${markdown}\n`);
}

/** One line for each peer: the goal is met only by both measures. */
function verdictOf(rows: readonly Row[]): string[] {
  return rows
    .filter(({ name }) => name !== "pal-lab")
    .map((peer) => {
      const own = rows.find(
        ({ name, task }) => name === "pal-lab" && task === peer.task,
      );
      const byMedian = peer.median / (own?.median ?? Number.NaN);
      const byWall = peer.fastest / (own?.fastest ?? Number.NaN);
      const met = Math.min(byMedian, byWall) >= 1 ? "met" : "missed";
      return (
        `${peer.task}: ${byMedian.toFixed(2)} x ${peer.name} by medians of ` +
        `processor time, ${byWall.toFixed(2)} by fastest run; goal 1 ${met}`
      );
    });
}
