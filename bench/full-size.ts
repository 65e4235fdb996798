/**
 * `npm run bench -- full-size [layers]`: does Llama-3.2-1B's shape fit?
 *
 * Random weights are written as published ones are, loaded, and used for
 * generation and training, attention-only over SSLAM's grid, in a process of
 * its own. Needs 2.5 GB of disk for a while, some 12 GiB of free memory and
 * a minute and a half; with fewer layers than 16 less, and nothing is kept.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeWhole } from "../lib/files/atomic.ts";
import { llama32_1b } from "../lib/llm/config.ts";
import { load, machine } from "./engine/report.ts";
import type { Measurement } from "./full-size/phases.ts";
import { writeLlama } from "./full-size/weights.ts";

/** Most memory that any phase may take. */
const limitGiB = 20;

export async function run([layers]: readonly string[]): Promise<void> {
  const nLayers = Number(layers ?? llama32_1b.nLayers);
  const started = load();
  const folder = mkdtempSync(join(tmpdir(), "pal-lab-full-size-"));
  try {
    const start = performance.now();
    writeLlama(folder, { ...llama32_1b, nLayers });
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(`written in ${seconds} s, load ${started}`);
    const answer = runChild(folder);
    const lines = linesOf(answer);
    for (const line of lines) console.log(line);
    if (nLayers !== llama32_1b.nLayers) return;
    const facts = {
      ...machine(),
      load: `${started} to ${load()}`,
      engine: answer.description,
    };
    keep(facts, lines, answer);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runChild(folder: string): Measurement {
  const script = join(import.meta.dirname, "full-size", "child.ts");
  const child = spawnSync(
    process.execPath,
    ["--import", "tsx", script, folder],
    { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
  );
  if (child.status === 0) return JSON.parse(child.stdout.trim());
  throw new Error(
    `full-size: expected an answer, got exit ${child.status ?? child.signal}`,
    { cause: child.error },
  );
}

function linesOf({ limits, phases }: Measurement): string[] {
  const peak = Math.max(...phases.map(({ peakGiB }) => peakGiB));
  const isMet = peak <= limitGiB;
  return [
    ...phases.map(
      ({ heldGiB, name, notes, peakGiB, seconds }) =>
        `${name}: ${seconds.toFixed(1)} s, at most ${peakGiB.toFixed(1)} GiB, ` +
        `${heldGiB.toFixed(1)} at the end; ${notes.join("; ")}`,
    ),
    `this machine: ${limits.gflops.toFixed(0)} GFLOP/s in a product of 2048, ` +
      `${limits.bandwidth.toFixed(1)} GB/s in a sum`,
    `peak ${peak.toFixed(1)} GiB; goal ${limitGiB} ${isMet ? "met" : "missed"}`,
  ];
}

function keep(
  facts: Readonly<Record<string, string>>,
  lines: readonly string[],
  answer: Measurement,
): void {
  const folder = join(import.meta.dirname, "results");
  const list = (all: readonly string[]) =>
    all.map((line) => `- ${line}`).join("\n");
  const known = Object.entries(facts).map(([key, value]) => `${key}: ${value}`);
  const markdown = [
    "# Llama-3.2-1B's shape on this machine",
    list(known),
    list(lines),
  ].join("\n\n");
  writeWhole(join(folder, "full-size.md"), `${markdown}\n`);
  const { limits, phases } = answer;
  const json = JSON.stringify({ facts, limits, phases }, null, 2);
  writeWhole(join(folder, "full-size.json"), `${json}\n`);
}
