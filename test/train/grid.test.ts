import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { attentionOnly, baseline } from "../../lib/pal/design/variant.ts";
import { joinGrid } from "../../lib/train/grid/facts.ts";
import {
  checkGrid,
  type Grid,
  type GridRun,
  gridRuns,
  nameOf,
  stepsBefore,
} from "../../lib/train/grid/grid.ts";
import {
  checkPaired,
  isFinished,
  keepRecord,
  readRecord,
} from "../../lib/train/grid/record.ts";
import { openTally } from "../../lib/train/grid/tally.ts";
import { type WalkOptions, walkGrid } from "../../lib/train/grid/walk.ts";
import { Busy } from "../../lib/train/run/busy.ts";
import { paperStages } from "../../lib/train/stage.ts";
import { temporaryFolder } from "../temporary.ts";

const root = temporaryFolder();
const grid: Grid = {
  designs: [baseline, attentionOnly],
  seeds: [1, 2],
  stages: [1, 2],
  scale: "smoke",
};
const runs = gridRuns(grid, join(root, "grid"));

const engineOf = (threads: number, processor = "a") => ({
  name: "tensorflow" as const,
  numerics: {
    ...{ processor, threads, instructions: "AVX2" },
    ...({ oneDnn: "off", isPortable: false } as const),
  },
});
const facts = { scale: "smoke", library: "1", engine: engineOf(2) };

describe("a grid", () => {
  it("has its runs seed by seed, each in a folder of its own", () => {
    assert.deepEqual(runs.map(nameOf), [
      "baseline, seed 1",
      "attention-only, seed 1",
      "baseline, seed 2",
      "attention-only, seed 2",
    ]);
    assert.equal(runs[3].folder, join(root, "grid/attention-only/seed-2"));
    assert.equal(new Set(runs.map(({ folder }) => folder)).size, 4);
  });

  it("is refused where it is none", () => {
    const refused = (change: Partial<Grid>, message: RegExp) =>
      assert.throws(() => checkGrid({ ...grid, ...change }, paperStages), {
        name: "RangeError",
        message,
      });
    checkGrid(grid, paperStages);
    refused({ designs: [] }, /expected designs .*, got none/);
    const outside = { ...baseline, name: "../baseline" };
    refused({ designs: [outside] }, /name.* a folder's, got \.\.\/baseline/);
    refused(
      { designs: [baseline, attentionOnly, baseline] },
      /expected designs that differ, got baseline twice/,
    );
    refused({ seeds: [1.5] }, /expected whole numbers from 0 .*, got 1.5/);
    refused({ seeds: [-1] }, /got -1/);
    refused({ seeds: [2, 2] }, /expected seeds that differ, got 2 twice/);
    refused({ stages: [1, 4] }, /expected stages that there are, got 4/);
  });

  it("counts the steps that a run's files leave", () => {
    const [run] = gridRuns(grid, join(root, "steps"));
    const [first, second] = paperStages;
    const left = () => [...stepsBefore(run, [first, second])];
    assert.deepEqual(left(), [
      [1, 4650],
      [2, 19978],
    ]);
    const put = (stage: number, name: string) => {
      const folder = join(run.folder, `stage-${stage}`);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `${name}-${"0".repeat(64)}.safetensors`), "");
    };
    put(1, "weights");
    put(2, "step-000000050");
    put(2, "step-000000100");
    assert.deepEqual(left(), [
      [1, 0],
      [2, 19878],
    ]);
  });
});

/** Walks with a trainer that does what it is told for each run's n-th try. */
async function walk(
  does: (run: GridRun, n: number) => void | Promise<void>,
  options: Partial<WalkOptions> = {},
) {
  const lines: string[] = [];
  const tries: string[] = [];
  const endings = await walkGrid(runs, {
    isDone: () => false,
    report: (line) => lines.push(line),
    patience: 1,
    train: async (run) => {
      tries.push(nameOf(run));
      await does(run, tries.filter((one) => one === nameOf(run)).length);
    },
    ...options,
  });
  return { endings, lines, states: endings.map(({ state }) => state), tries };
}

describe("walkGrid", () => {
  it("leaves what is done, and says so", async () => {
    const { lines, states, tries } = await walk(() => {}, {
      isDone: (run) => run === runs[1],
    });
    assert.deepEqual(states, ["done", "done", "done", "done"]);
    assert.ok(!tries.includes("attention-only, seed 1"));
    assert.deepEqual(lines, ["grid: attention-only, seed 1 was done before"]);
  });

  it("goes on after a run that fails, and keeps its error", async () => {
    const { endings, lines, states } = await walk((run) => {
      if (run === runs[0]) throw new Error("no loss");
    });
    assert.deepEqual(states, ["failed", "done", "done", "done"]);
    assert.equal("error" in endings[0] && endings[0].error.message, "no loss");
    assert.deepEqual(lines, ["grid: baseline, seed 1 failed: no loss"]);
  });

  it("takes up at the end what another process was at", async () => {
    const { lines, states, tries } = await walk((run, n) => {
      if (run === runs[0] && n < 4) throw new Busy("at work");
    });
    assert.deepEqual(states, ["done", "done", "done", "done"]);
    assert.equal(tries.filter((one) => one === nameOf(runs[0])).length, 4);
    assert.equal(tries.at(-1), nameOf(runs[0]));
    assert.deepEqual(lines, [
      "grid: baseline, seed 1 is left to another process",
      "grid: waits for baseline, seed 1, which another process trains",
    ]);
  });

  it("does not train what another process has ended meanwhile", async () => {
    let ended = false;
    const { lines, tries } = await walk(
      (run) => {
        if (run === runs[3]) ended = true;
        if (run === runs[0]) throw new Busy("at work");
      },
      { isDone: (run) => run === runs[0] && ended },
    );
    assert.equal(tries.filter((one) => one === nameOf(runs[0])).length, 1);
    assert.match(lines[1], /baseline, seed 1 was done by another process/);
  });

  it("waits for a run of another process no longer than for a signal", async () => {
    const stop = new AbortController();
    const { states } = await walk(
      (_, n) => {
        if (n === 2) stop.abort();
        throw new Busy("at work");
      },
      { patience: 60_000, signal: stop.signal },
    );
    assert.deepEqual(states, ["stopped", "stopped", "stopped", "stopped"]);
  });

  it("ends with a signal, whatever the run under way throws then", async () => {
    const stop = new AbortController();
    const { lines, states, tries } = await walk(
      (run) => {
        if (run !== runs[1]) return;
        stop.abort();
        throw new Error("stopped");
      },
      { signal: stop.signal },
    );
    assert.deepEqual(states, ["done", "stopped", "stopped", "stopped"]);
    assert.equal(tries.length, 2);
    assert.deepEqual(lines, []);
  });

  it("trains as many runs at the same time as it has lanes", async () => {
    let now = 0;
    let most = 0;
    const { states, tries } = await walk(
      async () => {
        most = Math.max(most, ++now);
        await sleep(5);
        now--;
      },
      { lanes: 2 },
    );
    assert.equal(most, 2);
    assert.equal(tries.length, 4);
    assert.ok(states.every((state) => state === "done"));
  });
});

describe("openTally", () => {
  const clock = () => {
    let time = 0;
    return {
      now: () => time,
      wait: (seconds: number) => (time += 1e3 * seconds),
    };
  };
  /** Two stages of 10 steps for each run. */
  const all = () =>
    new Map(
      runs.map((run) => [
        run,
        new Map([
          [1, 10],
          [2, 10],
        ]),
      ]),
    );
  const [first, dearer, second] = runs;

  it("foretells by what each design's steps cost", () => {
    const { now, wait } = clock();
    const tally = openTally(all(), { now });
    assert.equal(tally.total, 80);
    assert.equal(tally.secondsLeft(), undefined);
    tally.begin(first);
    wait(2);
    tally.step(first, { stage: 1, step: 1, steps: 10 });
    // Nothing else is known: 79 steps of 2 s.
    assert.equal(tally.secondsLeft(), 158);
    tally.begin(dearer);
    wait(5);
    tally.step(dearer, { stage: 1, step: 1, steps: 10 });
    // Of 2 s and 5 s in stage 1, and 3.5 s in stage 2, which nobody has begun.
    assert.equal(tally.secondsLeft(), (9 + 10) * 2 + (9 + 10) * 5 + 40 * 3.5);
    tally.begin(second);
    wait(1);
    tally.step(second, { stage: 2, step: 1, steps: 10 });
    const [cheap, dear, later] = [2, 5, 1];
    assert.equal(
      tally.secondsLeft(),
      19 * cheap + 19 * dear + (10 + 10 + 9 + 10) * later,
    );
  });

  it("shares the time among lanes, but for the longest run", () => {
    const { now, wait } = clock();
    const left = new Map([
      [first, new Map([[1, 10]])],
      [dearer, new Map([[1, 2]])],
    ]);
    const tally = openTally(left, { lanes: 2, now });
    tally.begin(first);
    wait(1);
    tally.step(first, { stage: 1, step: 1, steps: 10 });
    assert.equal(tally.secondsLeft(), 9);
  });

  it("counts what others have done, and not what failed", () => {
    const tally = openTally(all(), { now: () => 0 });
    tally.begin(first);
    assert.equal(tally.step(first, { stage: 1, step: 1, steps: 10 }), 1);
    assert.equal(tally.leave(second, true), 20);
    assert.equal(tally.leave(dearer, false), 0);
    assert.equal(tally.step(first, { stage: 1, step: 2, steps: 10 }), 1);
    // Back to an earlier checkpoint, as the last was damaged.
    assert.equal(tally.step(first, { stage: 1, step: 1, steps: 10 }), 0);
    assert.equal(tally.step(first, { stage: 1, step: 3, steps: 10 }), 1);
  });
});

describe("the record of a run", () => {
  const about = { scale: "smoke", library: "1", manifest: "m" };
  const [run] = gridRuns(grid, join(root, "record"));

  it("keeps each stage's last loss, its time, and the threads", () => {
    const keeper = keepRecord(run, { ...about, engine: engineOf(2) });
    const told = { stage: 1, steps: 3, seconds: 0.5 };
    for (const step of [1, 2, 3]) {
      keeper.step({ ...told, step, loss: 4 - step });
    }
    const record = readRecord(run);
    assert.deepEqual(record?.stages, {
      1: { step: 3, steps: 3, loss: 1, seconds: 1.5 },
    });
    assert.equal(record?.engines[0].numerics.threads, 2);
    assert.equal(record?.finished, 0);
  });

  it("goes on in another process, and names both engines", () => {
    const keeper = keepRecord(run, { ...about, engine: engineOf(2, "b") });
    const told = { stage: 2, step: 1, steps: 1, loss: 9, seconds: 1 };
    keeper.step(told);
    const record = readRecord(run);
    assert.deepEqual(Object.keys(record!.stages), ["1", "2"]);
    const processors = record!.engines.map((one) => one.numerics.processor);
    assert.deepEqual(processors, ["a", "b"]);
  });

  it("is written when a signal stops the run, not at every step", () => {
    const [, other] = gridRuns(grid, join(root, "record"));
    const stop = new AbortController();
    let time = 0;
    const keeper = keepRecord(other, {
      ...{ ...about, engine: engineOf(2) },
      ...{ signal: stop.signal, now: () => time },
    });
    const step = (n: number) =>
      keeper.step({ stage: 1, step: n, steps: 9, loss: n, seconds: 1 });
    const kept = () => readRecord(other)?.stages[1].step;
    step(1);
    assert.equal(kept(), 1);
    step(2);
    assert.equal(kept(), 1);
    time = 6000;
    step(3);
    assert.equal(kept(), 3);
    step(4);
    stop.abort();
    step(5);
    assert.equal(kept(), 5);
  });

  it("calls a run finished when its weights are those of the last stage", () => {
    const [own] = gridRuns(grid, join(root, "finished"));
    const asked = (...stages: number[]) =>
      isFinished(own, { scale: "smoke", stages });
    const keeper = keepRecord(own, { ...about, engine: engineOf(2) });
    keeper.finish(1);
    assert.equal(asked(1), false);
    const put = (...path: string[]) => {
      mkdirSync(join(own.folder, ...path.slice(0, -1)), { recursive: true });
      writeFileSync(join(own.folder, ...path), "");
    };
    const weights = `weights-${"0".repeat(64)}.safetensors`;
    put("stage-1", weights);
    put("weights.safetensors");
    assert.equal(asked(1), true);
    put("stage-2", weights);
    assert.equal(asked(1, 2), false);
    keeper.finish(2);
    assert.equal(asked(1, 2), true);
    assert.equal(asked(1), true);
    assert.equal(isFinished(own, { scale: "lab", stages: [1] }), false);
  });

  it("is refused beside one of other clips or another language model", () => {
    const pair = gridRuns(grid, join(root, "paired"));
    keepRecord(pair[0], { ...about, engine: engineOf(2) }).finish(1);
    checkPaired(pair);
    checkPaired(pair, "m");
    assert.throws(
      () => checkPaired(pair, "n"),
      /expected runs that learn from/,
    );
    const other = { ...about, manifest: "n", engine: engineOf(2) };
    keepRecord(pair[1], other).finish(1);
    assert.throws(() => checkPaired(pair), /from m, got n \(attention-only/);
  });

  it("is refused where it is damaged, and named", () => {
    const [own] = gridRuns(grid, join(root, "damaged"));
    mkdirSync(own.folder, { recursive: true });
    for (const text of ["{", "null", '{"design": "baseline"}']) {
      writeFileSync(join(own.folder, "record.json"), text);
      assert.throws(() => readRecord(own), {
        name: "TypeError",
        message:
          /expected a run's record as JSON, got .*record\.json\); remove/,
      });
    }
  });
});

describe("a grid's folder", () => {
  const folder = join(root, "folder");
  const lines: string[] = [];
  const joinWith = (change: Partial<typeof facts>) =>
    joinGrid(folder, { ...facts, ...change }, (line) => lines.push(line));

  it("refuses another scale, library or number of threads", async () => {
    await joinWith({});
    await joinWith({});
    const refused = (change: Partial<typeof facts>, message: RegExp) =>
      assert.rejects(joinWith(change), { name: "RangeError", message });
    await refused({ scale: "lab" }, /expected scale smoke, .*, got lab/);
    await refused({ library: "2" }, /expected library 1, .* got 2/);
    await refused(
      { engine: engineOf(1) },
      /expected threads 2, .* got 1; go on with --threads 2/,
    );
    assert.deepEqual(lines, []);
  });

  it("says that another processor gives other last bits", async () => {
    await joinWith({ engine: engineOf(2, "b") });
    assert.match(lines[0], /begun on a \(AVX2\), goes on on b \(AVX2\)/);
  });
});
