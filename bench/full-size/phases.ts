import { readFileSync, writeFileSync } from "node:fs";

/** What a part of the run took. */
export interface Phase {
  readonly name: string;
  readonly seconds: number;
  /** Most memory of the process while it ran, and what it held at the end. */
  readonly peakGiB: number;
  readonly heldGiB: number;
  readonly notes: readonly string[];
}

/** What the child process answers with, as JSON. */
export interface Measurement {
  readonly description: string;
  readonly limits: Limits;
  readonly phases: readonly Phase[];
}

/** The best this machine does in this run. */
export interface Limits {
  /** Of a 2048 x 2048 matrix product. */
  readonly gflops: number; // GFLOP/s
  /** Of a sum over numbers that fit into no cache. */
  readonly bandwidth: number; // GB/s
}

/** Runs one phase; `work` returns what is worth saying. */
export async function phase(
  name: string,
  work: () => Promise<readonly string[]>,
): Promise<Phase> {
  forgetPeak();
  const start = performance.now();
  const notes = await work();
  const seconds = (performance.now() - start) / 1000;
  const [peakGiB, heldGiB] = [memoryOf("VmHWM"), memoryOf("VmRSS")];
  return { name, seconds, peakGiB, heldGiB, notes };
}

/** From here on VmHWM is the peak since this call; Linux alone can do it. */
export function forgetPeak(): void {
  writeFileSync("/proc/self/clear_refs", "5");
}

/** A line of the process's status, in GiB. */
export function memoryOf(line: "VmHWM" | "VmRSS"): number {
  const status = readFileSync("/proc/self/status", "utf8");
  const found = new RegExp(`^${line}:\\s+(\\d+) kB$`, "m").exec(status);
  if (!found) throw new Error(`phase: expected ${line} in status, got none`);
  return Number(found[1]) / 2 ** 20;
}
