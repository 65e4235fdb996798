/**
 * `npm run bench -- encoders`: SSLAM and HTSAT-base at their published sizes,
 * clips per second and memory, beside PyTorch, in one run, in turns.
 *
 * PAL_PYTHON names a Python with PyTorch; without it that side is skipped.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { arch, cpus, loadavg, platform, totalmem } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { writeWhole } from "../lib/files/atomic.ts";
import { type NetworkName, networks } from "./encoders/networks.ts";

export interface Task {
  readonly kind: "network" | "matmul";
  /** Clips in the batch, or rows of the matrices. */
  readonly B: number;
  readonly runs: number;
}

export interface Measurement {
  readonly times: readonly number[]; // ms
  /** Of the features' magnitudes: all contenders compute the same. */
  readonly mean: number;
  readonly peak: number; // bytes
}

interface Row {
  readonly network: NetworkName;
  readonly by: string;
  readonly batch: number;
  readonly clipsPerSecond: number;
  readonly median: number; // ms
  readonly fastest: number; // ms
  readonly gflops: number;
  readonly peakShare: number;
  readonly memory: number; // bytes
  readonly mean: number;
}

const modes = ["eager", "graph", "graph + XLA"] as const;
const batches = [1, 4] as const;
const matrix = 2048;

/** What load of other processes does to the comparison. */
const unfair =
  "slows PyTorch most: its threads wait for each other after each operation";

/** Another process, asked and answered line by line. */
class Peer {
  readonly by: string;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(by: string, command: string, args: readonly string[]) {
    this.by = by;
    this.#child = spawn(command, args, {
      stdio: ["pipe", "pipe", "ignore"],
    });
    this.#child.on("error", () => {}); // told by the missing first line
    const input = this.#child.stdout!;
    this.#lines = createInterface({ input })[Symbol.asyncIterator]();
  }

  async answer<T>(question?: object): Promise<T | undefined> {
    if (question) this.#child.stdin!.write(`${JSON.stringify(question)}\n`);
    const { done, value } = await this.#lines.next();
    return done ? undefined : (JSON.parse(value) as T);
  }

  close(): void {
    this.#child.stdin!.end();
  }
}

function peersOf(network: NetworkName): Peer[] {
  const child = join(import.meta.dirname, "encoders", "child.ts");
  const ours = modes.map(
    (mode) =>
      new Peer(`pal-lab, ${mode}`, process.execPath, [
        ...["--import", "tsx", child, network, mode],
      ]),
  );
  const python = process.env.PAL_PYTHON;
  if (!python) return ours;
  const script = join(import.meta.dirname, "python", "encoders.py");
  return [...ours, new Peer("PyTorch", python, [script, network])];
}

type Collected = Map<string, { times: number[]; last: Measurement }>;

/** All contenders of a network, in turns; the first turn only warms up. */
async function race(network: NetworkName, rounds: number) {
  const versions: Record<string, string> = {};
  const peers: Peer[] = [];
  for (const peer of peersOf(network)) {
    const hello = await peer.answer<{ version: string }>();
    if (hello) {
      peers.push(peer);
      versions[peer.by] = hello.version;
    } else console.log(`${peer.by} skipped: it did not start`);
  }
  const found: Collected = new Map();
  let fastest = Infinity;
  for (let round = -1; round < rounds; round++) {
    for (const B of batches) {
      for (const peer of peers) {
        // XLA compiles at the second run.
        const runs = round < 0 ? 3 : B === 1 ? 3 : 1;
        const answer = await ask(peer, { kind: "network", B, runs });
        const key = `${peer.by}/${B}`;
        const times = found.get(key)?.times ?? [];
        if (round >= 0) times.push(...answer.times);
        found.set(key, { times, last: answer });
      }
    }
    const product = await ask(peers[0], { kind: "matmul", B: matrix, runs: 5 });
    fastest = Math.min(fastest, ...product.times);
    process.stderr.write(`${network}: round ${round + 1} of ${rounds}\n`);
  }
  for (const peer of peers) peer.close();
  const peak = (2 * matrix ** 3) / fastest / 1e6;
  return { versions, peak, rows: rowsOf(network, found, peak) };
}

async function ask(peer: Peer, task: Task): Promise<Measurement> {
  const answer = await peer.answer<Measurement>(task);
  if (answer) return answer;
  throw new Error(`encoders: expected an answer of ${peer.by}, got none`);
}

function rowsOf(network: NetworkName, found: Collected, peak: number): Row[] {
  return [...found].map(([key, { last, times }]) => {
    const [by, batch] = key.split("/");
    const sorted = times.toSorted((a, b) => a - b);
    const median = sorted[sorted.length >> 1];
    const gflops = (Number(batch) * networks[network].flops) / median / 1e6;
    return {
      network,
      by,
      batch: Number(batch),
      clipsPerSecond: (1000 * Number(batch)) / median,
      median,
      fastest: sorted[0],
      gflops,
      peakShare: gflops / peak,
      memory: last.peak,
      mean: last.mean,
    };
  });
}

/** Measures, prints the tables and keeps them in `bench/results`. */
export async function run([rounds = "5"]: readonly string[]): Promise<void> {
  const load = loadavg()[0];
  const rows: Row[] = [];
  const facts: Record<string, string> = {
    date: new Date().toISOString().slice(0, 10),
    cpu: `${cpus().length} x ${cpus()[0].model.trim()}`,
    memory: `${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    system: `${platform()} ${arch()}`,
    node: process.version,
  };
  for (const network of ["sslam", "htsat"] as const) {
    const found = await race(network, Number(rounds));
    rows.push(...found.rows);
    Object.assign(facts, found.versions, {
      [`${network}, a clip`]: `${(networks[network].flops / 1e9).toFixed(1)} GFLOP`,
      [`matmul ${matrix} beside ${network}`]: `${found.peak.toFixed(0)} GFLOP/s at best`,
    });
  }
  const after = loadavg()[0];
  const isQuiet = Math.max(load, after) < cpus().length * 1.5;
  facts.load =
    `${load.toFixed(1)} to ${after.toFixed(1)}, ${rounds} rounds` +
    (isQuiet ? "" : `; the machine was not quiet, which ${unfair}`);
  report(rows, facts);
}

const headings = [
  ...["network", "by", "batch", "clips/s", "median ms", "fastest ms"],
  ...["GFLOP/s", "of matmul", "peak memory MB", "mean magnitude"],
];

function report(rows: readonly Row[], facts: Record<string, string>): void {
  const cells = rows.map((row) => [
    ...[row.network, row.by, `${row.batch}`, row.clipsPerSecond.toFixed(2)],
    ...[row.median.toFixed(0), row.fastest.toFixed(0), row.gflops.toFixed(0)],
    ...[`${(100 * row.peakShare).toFixed(0)} %`],
    ...[(row.memory / 1e6).toFixed(0), row.mean.toFixed(5)],
  ]);
  const verdict = verdicts(rows);
  console.table(
    cells.map((row) => Object.fromEntries(row.map((x, i) => [headings[i], x]))),
  );
  for (const line of verdict) console.log(line);
  const table = [headings, headings.map(() => "---"), ...cells];
  const markdown = [
    "# Encoders, side by side",
    Object.entries(facts)
      .map(([key, value]) => `- ${key}: ${value}`)
      .join("\n"),
    table.map((row) => `| ${row.join(" | ")} |`).join("\n"),
    verdict.map((line) => `- ${line}`).join("\n"),
    "Clips of 10 s from log-mel to features; weights by one formula for all, " +
      "so the last column must agree. GFLOP/s count matrix products only. " +
      "Memory is the process's highest, loading and compiling included.",
  ].join("\n\n");
  const folder = join(import.meta.dirname, "results");
  mkdirSync(folder, { recursive: true });
  const json = JSON.stringify({ machine: facts, verdict, rows }, null, 2);
  writeWhole(join(folder, "encoders.json"), `${json}\n`);
  writeWhole(join(folder, "encoders.md"), `${markdown}\n`);
}

/** Our best mode against PyTorch, for each network and batch. */
function verdicts(rows: readonly Row[]): string[] {
  return rows
    .filter(({ by }) => by === "PyTorch")
    .map((peer) => {
      const [best] = rows
        .filter(
          ({ batch, by, network }) =>
            by !== "PyTorch" &&
            network === peer.network &&
            batch === peer.batch,
        )
        .sort((a, b) => a.median - b.median);
      const byMedian = peer.median / best.median;
      const byFastest = peer.fastest / best.fastest;
      const isMet = Math.min(byMedian, byFastest) >= 1;
      return (
        `${peer.network}, batch ${peer.batch}: ${best.by} is ` +
        `${byMedian.toFixed(2)} x PyTorch by medians, ` +
        `${byFastest.toFixed(2)} by fastest run; goal 1 ` +
        (isMet ? "met" : "missed")
      );
    });
}
