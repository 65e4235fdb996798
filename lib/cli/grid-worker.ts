/**
 * Trains runs of a grid for the process that began it: `grid-worker <order>`.
 *
 * It answers once when it is ready and once to each run that it is asked for.
 * Signals are left to the other process, whose end stops it too.
 */
import { useEngine } from "../engine/engine.ts";
import { designNamed } from "../pal/design/designs.ts";
import { readSettings } from "../session/settings.ts";
import { gridRuns } from "../train/grid/grid.ts";
import { Busy } from "../train/run/busy.ts";
import { openGridTrainer } from "../world/grid.ts";
import type { Answer, Ask, GridOrder, RunName, Tell } from "./grid-messages.ts";
import { openToySoundfonts } from "./toy-soundfonts.ts";

const { designs, folder, ...asked }: GridOrder = JSON.parse(process.argv[2]);
const grid = { ...asked, designs: designs.map(designNamed) };
const runs = gridRuns(grid, folder);
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {});
}
process.on("disconnect", () => stop.abort(new Error("grid: left alone")));

const tell = (message: Tell) => {
  if (process.connected) process.send!(message);
};
const report = (line: string) => tell({ kind: "line", line });
const named = ({ design, seed }: (typeof runs)[number]): RunName => ({
  design: design.name,
  seed,
});

const trainer = openGridTrainer(grid, {
  ...{ folder, report, signal: stop.signal },
  soundfonts: openToySoundfonts(),
  onBegin: (run) => tell({ kind: "begin", run: named(run) }),
  onStep: (run, told) => tell({ kind: "step", run: named(run), told }),
});

/** One answer, however the work ended. */
async function answer(work: () => Promise<void>): Promise<void> {
  let told: Answer = { kind: "done" };
  try {
    await work();
  } catch (error) {
    const { message } = error as Error;
    told = { kind: error instanceof Busy ? "busy" : "failed", message };
  }
  tell(told);
}

process.on("message", (message: Ask) => {
  if (message.kind === "stop") {
    stop.abort(new Error("interrupted"));
    return;
  }
  const { design, seed } = message.run;
  const run = runs.find(
    (one) => one.design.name === design && one.seed === seed,
  );
  void answer(() => trainer.train(run!));
});

await answer(async () => {
  const { engine, portable } = readSettings(process.env);
  await useEngine(engine, { portable, report });
  await trainer.open();
});
