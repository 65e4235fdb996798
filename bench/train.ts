/**
 * `npm run bench -- train [part ...] [rounds]`: training steps of the designs.
 *
 * - `steps`: every design and stage, at the lab's size and SmolLM2-135M's
 *   shape, beside PyTorch in the Python that `PAL_PYTHON` names.
 * - `saving`: what attention-only saves, beside what its products promise.
 * - `growth`: how time and memory grow with layers, width, audio and batch.
 * - `flat`: a thousand steps that must leave nothing behind.
 *
 * All of them unless parts are named. Both sides have two threads. Every
 * contender is a process of its own; they take turns, so that whatever else the
 * machine does hits all alike. Takes a quarter of an hour a round and 6 GB.
 */
import { loadavg } from "node:os";
import { load, machine } from "./engine/report.ts";
import { flat } from "./train/flat.ts";
import { growth } from "./train/growth.ts";
import { keep, type Part, type Session, textTable } from "./train/part.ts";
import { productPeak } from "./train/peak.ts";
import { saving } from "./train/saving.ts";
import { steps } from "./train/steps.ts";

const parts: readonly Part[] = [steps, saving, growth, flat];

/** Threads of each side. */
const nThreads = "2";

export async function run(args: readonly string[]): Promise<void> {
  const { asked, rounds } = read(args);
  const settings = settle();
  const started = load();
  const { cpu, vectors } = machine();
  console.log(`${cpu}, ${vectors}, load at the start: ${started}`);
  const peak = productPeak();
  console.log(`fastest product: ${peak.toFixed(0)} GFLOP/s`);
  const session: Session = {
    ...{ rounds, peak, measured: [] },
    report: (line) => console.log(`${line}, load ${load()}`),
  };
  for (const part of asked) {
    const before = load();
    const found = await part.run(session);
    for (const { table } of found.tables) console.log(textTable(table));
    for (const line of found.verdict) console.log(line);
    const facts = {
      ...machine(),
      load: `${before} to ${load()}, rounds: ${rounds}`,
      "fastest product": `${peak.toFixed(0)} GFLOP/s`,
      ...settings,
      ...found.versions,
    };
    console.log(`kept in ${keep(part, found, facts)}`);
  }
}

/** Parts by name, and how often all is measured. */
function read(args: readonly string[]): {
  readonly asked: readonly Part[];
  readonly rounds: number;
} {
  const isNumber = (word: string) => /^[1-9]\d*$/.test(word);
  const names = args.filter((word) => !isNumber(word));
  const unknown = names.find(
    (word) => !parts.some(({ name }) => name === word),
  );
  if (unknown !== undefined) {
    const known = parts.map(({ name }) => name).join(", ");
    throw new RangeError(
      `train: expected parts of ${known}, or rounds, got "${unknown}"`,
    );
  }
  return {
    asked: parts.filter(
      ({ name }) => names.length === 0 || names.includes(name),
    ),
    rounds: Number(args.find(isNumber) ?? 1),
  };
}

/**
 * The same number of threads on both sides, for all children.
 *
 * PyTorch's threads wait for each other in a loop. Where other work has the
 * processor meanwhile, steps become many times as long: then they are told to
 * sleep instead, which a quiet machine does not need.
 */
function settle(): Readonly<Record<string, string>> {
  process.env.TF_NUM_INTRAOP_THREADS ??= nThreads;
  process.env.OMP_NUM_THREADS ??= nThreads;
  if (loadavg()[0] > 1) process.env.OMP_WAIT_POLICY ??= "passive";
  return {
    threads: `${nThreads} on both sides`,
    "PyTorch's threads wait": process.env.OMP_WAIT_POLICY ?? "as they come",
  };
}
