/**
 * `npm run bench -- carried [rounds]`: steps of stage 2 whose parameters and
 * moments go in and out, and the same steps with both kept inside the graph.
 *
 * Each measurement has a process of its own. Memory is measured in a further
 * one without oneDNN, whose pool keeps what recording took and so hides what a
 * step needs. The losses of both forms must be the same bits. Takes some six
 * minutes a round, ten where the machine is busy, and 14 GiB.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import {
  keep,
  type Measured,
  rowOf,
  table,
  verdictOf,
} from "./carried/report.ts";
import {
  type Form,
  forms,
  type Measurement,
  type Question,
  tasks,
} from "./carried/tasks.ts";
import { load, machine } from "./engine/report.ts";
import type { Task } from "./step/tasks.ts";

/** No pool, and glibc then maps and unmaps every larger piece. */
const givesBack = {
  TF_ENABLE_ONEDNN_OPTS: "0",
  MALLOC_MMAP_THRESHOLD_: "65536",
};

function ask(question: Question, environment = {}): Measurement {
  const script = join(import.meta.dirname, "carried", "child.ts");
  const child = spawnSync(
    process.execPath,
    ["--import", "tsx", script, JSON.stringify(question)],
    {
      encoding: "utf8",
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  if (child.status === 0) return JSON.parse(child.stdout.trim());
  throw new Error(
    `carried: expected an answer, got exit ${child.status ?? child.signal}`,
    { cause: child.error },
  );
}

function measure(task: Task, rounds: number): Measured[] {
  const timed = new Map<Form, Measurement[]>(forms.map((form) => [form, []]));
  for (let round = 0; round < rounds; round++) {
    for (const form of forms) {
      timed.get(form)!.push(ask({ form, task, hasChanges: true }));
    }
  }
  const measured = forms.map((form) => {
    const short = { ...task, steps: 3 };
    const memory = ask({ form, task: short, hasChanges: false }, givesBack);
    return { form, task, timed: timed.get(form)!, memory };
  });
  checkLosses(
    task,
    measured.flatMap((one) => one.timed),
  );
  checkLosses(
    task,
    measured.map((one) => one.memory),
  );
  return measured;
}

/** Refuses to go on where the forms, or two rounds, trained differently. */
function checkLosses(task: Task, runs: readonly Measurement[]): void {
  const [{ losses: wanted }] = runs;
  for (const { losses } of runs) {
    const place = losses.findIndex((loss, i) => loss !== wanted[i]);
    if (place === -1) continue;
    throw new Error(
      `carried: expected the same losses in and out and carried, got ` +
        `${wanted[place]} and ${losses[place]} (${task.size}, step ${place}); ` +
        "nothing was kept",
    );
  }
}

export async function run([rounds = "1"]: readonly string[]): Promise<void> {
  const started = load();
  console.log(`load at the start: ${started}`);
  const measured = tasks.flatMap((task) => measure(task, Number(rounds)));
  const rows = measured.map(rowOf);
  const verdict = verdictOf(rows);
  for (const cells of table(rows)) console.log(cells.join("  "));
  for (const line of verdict) console.log(line);
  const facts = {
    ...machine(),
    load: `${started} to ${load()}, ${rounds} rounds`,
    engine: measured[0].timed[0].description,
  };
  console.log(`kept in ${keep({ facts, rows, verdict })}`);
}
