/**
 * `npm run bench -- grid [rounds]`: steps of the lab's stages in one process of
 * two threads, and in two processes of one thread each at the same time.
 *
 * All processes stay up and take turns, block by block, so that other work on
 * the machine meets both ways alike; the order changes with each round. Takes
 * about a minute a round on two quiet cores, and 2.5 GiB.
 */
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { load, machine } from "./engine/report.ts";
import {
  keep,
  readyLine,
  rowOf,
  type Sample,
  table,
  verdictOf,
} from "./grid/report.ts";
import {
  type Block,
  designs,
  type Measured,
  type Ready,
  stages,
  type Way,
  ways,
} from "./grid/tasks.ts";

/** Steps of a block; each sample is two blocks. */
const steps = 20;

interface Crew {
  readonly way: Way;
  readonly children: readonly ChildProcess[];
  readonly ready: readonly Ready[];
}

async function start(way: Way, folder: string): Promise<Crew> {
  const script = join(import.meta.dirname, "grid", "child.ts");
  const env = {
    ...process.env,
    TF_NUM_INTRAOP_THREADS: String(way.threads),
    TF_NUM_INTEROP_THREADS: String(way.threads),
  };
  const children: ChildProcess[] = [];
  const ready: Ready[] = [];
  for (let i = 0; i < way.processes; i++) {
    const child = fork(script, [folder], { env });
    children.push(child);
    ready.push(await answer<Ready>(child));
  }
  return { way, children, ready };
}

function answer<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const hear = (message: unknown) => {
      child.off("exit", end);
      resolve(message as T);
    };
    const end = (code: number | null) => {
      child.off("message", hear);
      reject(new Error(`grid: expected a child's answer, got exit ${code}`));
    };
    child.once("message", hear).once("exit", end);
  });
}

function ask(child: ChildProcess, block: Block): Promise<Measured> {
  child.send(block);
  return answer<Measured>(child);
}

/** Two blocks: at the same time, or one after the other. */
async function measure(
  { children, way }: Crew,
  block: Block,
): Promise<{ sample: Sample; losses: readonly number[] }> {
  const begun = performance.now();
  const answers: Measured[] = [];
  while (answers.length < 2) {
    const asked = children.map((child) => ask(child, block));
    answers.push(...(await Promise.all(asked)));
  }
  const wall = performance.now() - begun;
  const processor = answers.reduce((sum, one) => sum + one.processor, 0);
  const steps = answers.map((one) => one.fastest);
  const fastest = Math.min(...steps) / way.processes;
  const { design, stage } = block;
  const sample = {
    ...{ way: way.name, design, stage },
    ...{ wall, fastest, processor },
  };
  return { sample, losses: answers[0].losses };
}

export async function run([rounds = "8"]: readonly string[]): Promise<void> {
  const started = load();
  console.log(`load at the start: ${started}`);
  const folder = mkdtempSync(join(tmpdir(), "pal-bench-grid-"));
  const crews: Crew[] = [];
  try {
    for (const way of ways) crews.push(await start(way, folder));
    const samples: Sample[] = [];
    const same = await warmUp(crews);
    for (let round = 0; round < Number(rounds); round++) {
      for (const block of blocks()) {
        const turns = round % 2 === 0 ? crews : [...crews].reverse();
        for (const crew of turns) {
          samples.push((await measure(crew, block)).sample);
        }
      }
      console.log(`round ${round + 1} of ${rounds} done, load ${load()}`);
    }
    report(samples, { crews, same, loads: `${started} to ${load()}`, rounds });
  } finally {
    for (const { children } of crews) for (const one of children) one.kill();
    rmSync(folder, { recursive: true });
  }
}

const blocks = (): Block[] =>
  stages.flatMap((stage) =>
    designs.map(({ name: design }) => ({ design, stage, steps })),
  );

/** Records the graphs; says whether the first losses are the same bits. */
async function warmUp(crews: readonly Crew[]): Promise<string> {
  const differing: string[] = [];
  for (const block of blocks()) {
    const [one, two] = [
      await measure(crews[0], block),
      await measure(crews[1], block),
    ].map(({ losses }) => losses);
    const at = one.findIndex((loss, i) => loss !== two[i]);
    if (at === -1) continue;
    differing.push(
      `${block.design}, stage ${block.stage}: from step ${at + 1} on`,
    );
  }
  return differing.length === 0
    ? `the first ${steps} losses are the same bits with 1 thread and with 2`
    : `losses differ between 1 thread and 2: ${differing.join("; ")}`;
}

function report(
  samples: readonly Sample[],
  {
    crews,
    loads,
    rounds,
    same,
  }: {
    readonly crews: readonly Crew[];
    readonly loads: string;
    readonly rounds: string;
    readonly same: string;
  },
): void {
  const rows = blocks().flatMap(({ design, stage }) =>
    ways.map(({ name }) =>
      rowOf(
        samples.filter(
          (one) =>
            one.way === name && one.design === design && one.stage === stage,
        ),
        2 * steps,
      ),
    ),
  );
  const verdict = [
    ...verdictOf(rows, ways),
    same,
    ...crews.map(({ ready, way }) => readyLine(way, ready)),
  ];
  for (const cells of table(rows)) console.log(cells.join("  "));
  for (const line of verdict) console.log(line);
  const facts = {
    ...machine(),
    load: `${loads}, ${rounds} rounds`,
    ...Object.fromEntries(
      crews.map(({ ready, way }) => [way.name, ready[0].description]),
    ),
  };
  const notes =
    `A sample is two blocks of ${steps} steps of the lab's batches (32 ` +
    "examples in two micro-batches); its time over 40 is a step's. One " +
    "process does the blocks one after the other, two do one each at the same " +
    "time; a fastest step of theirs counts half, as two go on meanwhile. Where " +
    "the load says that other work was going on, the clock tells little: the " +
    "system shares the cores out among threads, and more threads get more. The " +
    "processor's time, which other work hardly moves, is what either way takes " +
    "of the two cores.";
  console.log(`kept in ${keep({ facts, notes, rows, verdict })}`);
}
