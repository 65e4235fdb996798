import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import {
  attentionOnly,
  baseline,
  delayedFusion,
} from "../../lib/pal/design/variant.ts";
import { gridRuns, nameOf } from "../../lib/train/grid/grid.ts";
import { readRecord } from "../../lib/train/grid/record.ts";
import type { GridRow } from "../../lib/train/grid/rows.ts";
import { trainGrid } from "../../lib/world/grid.ts";
import { trainIn } from "../../lib/world/train.ts";
import {
  openTrainingWorld,
  type TrainingWorld,
} from "../../lib/world/training-world.ts";
import { allSoundfonts } from "../soundfonts.ts";
import { temporaryFolder } from "../temporary.ts";
import { startEngine } from "../use-engine.ts";

const root = temporaryFolder();
const grid = {
  designs: [baseline, delayedFusion],
  seeds: [1],
  stages: [1, 2],
  scale: "smoke" as const,
};

/** Trains the grid in a folder until it ends or has taken so many steps. */
async function trainSome(
  name: string,
  { change = {}, most = Number.POSITIVE_INFINITY } = {},
) {
  const stop = new AbortController();
  const lines: string[] = [];
  const taken: string[] = [];
  const rows = await trainGrid(
    { ...grid, ...change },
    {
      folder: join(root, name),
      soundfonts: allSoundfonts(),
      signal: stop.signal,
      report: (line) => lines.push(line),
      onStep: (run, { stage, step }) => {
        taken.push(`${nameOf(run)}, ${stage}.${step}`);
        if (taken.length === most) stop.abort(new Error("enough"));
      },
    },
  );
  return { lines, rows, taken, states: rows.map(({ state }) => state) };
}

const weightsIn = (rows: readonly GridRow[]) =>
  rows.map(({ folder }) => readFileSync(join(folder, "weights.safetensors")));

describe("a grid in the toy world", () => {
  before(startEngine);

  it("ends with the same bytes when it is stopped again and again", async () => {
    const whole = await trainSome("whole");
    assert.deepEqual(whole.states, ["done", "done"]);
    assert.equal(new Set(whole.taken).size, 2 * 16);
    assert.equal(whole.taken.length, 2 * 16);

    let parts = await trainSome("parts", { most: 13 });
    assert.deepEqual(parts.states, ["stopped", "stopped"]);
    const all = [...parts.taken];
    for (let i = 0; i < 9 && parts.states.includes("stopped"); i++) {
      parts = await trainSome("parts", { most: 13 });
      all.push(...parts.taken);
    }
    assert.deepEqual(all, whole.taken, "no step twice, none left out");
    assert.deepEqual(weightsIn(parts.rows), weightsIn(whole.rows));
    const losses = (rows: readonly GridRow[]) => rows.map(({ loss }) => loss);
    assert.deepEqual(losses(parts.rows), losses(whole.rows));
  });

  it("leaves what is done as it is, without an engine or a sound", async () => {
    const [run] = gridRuns(grid, join(root, "whole"));
    const written = statSync(join(run.folder, "weights.safetensors")).mtimeMs;
    const { lines, rows, states, taken } = await trainSome("whole");
    assert.deepEqual(states, ["done", "done"]);
    assert.deepEqual(taken, []);
    assert.deepEqual(
      lines,
      gridRuns(grid, "").map((one) => `grid: ${nameOf(one)} was done before`),
    );
    const now = statSync(join(run.folder, "weights.safetensors")).mtimeMs;
    assert.equal(now, written);
    assert.ok(rows.every(({ path }) => path && existsSync(path)));
    assert.ok(rows.every(({ seconds }) => seconds > 0));
  });

  it("takes up more designs and stages where it stands", async () => {
    const change = {
      designs: [baseline, attentionOnly],
      stages: [1, 2, 3],
    };
    const { states, taken } = await trainSome("whole", { change });
    assert.deepEqual(states, ["done", "done"]);
    const of = (name: string) => taken.filter((one) => one.startsWith(name));
    assert.equal(of("baseline, seed 1, 3.").length, 8);
    assert.equal(of("baseline").length, 8);
    assert.equal(of("attention-only").length, 24);
  });

  it("trains each run as it would be trained alone", async () => {
    const folder = join(root, "alone");
    const world = await worldIn(join(root, "whole", "start"));
    const path = await trainIn(
      world,
      { design: delayedFusion, seed: 1 },
      { folder, stages: [1, 2], report: () => {}, nWorkers: 0 },
    );
    const [, run] = gridRuns(grid, join(root, "whole"));
    const wanted = readFileSync(join(run.folder, "weights.safetensors"));
    assert.deepEqual(readFileSync(path), wanted);
  });

  it("names a run that fails, and trains the others", async () => {
    const change = { stages: [1] };
    // Where the design's folder should be.
    mkdirSync(join(root, "fails"));
    writeFileSync(join(root, "fails", "baseline"), "");
    const { lines, rows, states } = await trainSome("fails", { change });
    assert.deepEqual(states, ["failed", "done"]);
    assert.match(rows[0].error ?? "", /ENOTDIR|EEXIST/);
    assert.ok(lines.some((line) => /baseline, seed 1 failed: /.test(line)));

    rmSync(join(root, "fails", "baseline"));
    const mended = await trainSome("fails", { change });
    assert.deepEqual(mended.states, ["done", "done"]);
    assert.equal(mended.taken.length, 8);
  });

  it("refuses runs whose language model has become another", async () => {
    const [run] = gridRuns(grid, join(root, "fails"));
    const path = join(run.folder, "record.json");
    const record = { ...readRecord(run), manifest: "other" };
    writeFileSync(path, JSON.stringify(record));
    const change = { designs: [baseline], seeds: [1, 2] };
    await assert.rejects(trainSome("fails", { change }), {
      name: "RangeError",
      message: /expected runs that learn from \w+, got other .*another folder/,
    });
  });

  it("refuses another scale's folder, and its language model", async () => {
    await assert.rejects(trainSome("whole", { change: { scale: "lab" } }), {
      name: "RangeError",
      message: /expected scale smoke, as the runs in .* have, got lab/,
    });
    const start = join(root, "whole", "start");
    const name = readdirSync(start).find((one) => /^weights-/.test(one))!;
    const path = join(start, name);
    const bytes = readFileSync(path);
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(path, bytes);
    const world = await worldIn(start);
    await assert.rejects(world.languageModel(), {
      message: /expected whole weights, got a damaged file/,
    });
  });
});

const worldIn = (folder: string) =>
  openTrainingWorld("smoke", {
    folder,
    soundfonts: allSoundfonts(),
    report: () => {},
  });

/** A world that keeps the bytes of all that batches are made of. */
function watched(world: TrainingWorld, seen: string[]): TrainingWorld {
  const { features, setting } = world;
  const { tokenizer } = setting;
  const keep = (what: string, bytes: Uint8Array) => {
    seen.push(`${what} ${createHash("sha256").update(bytes).digest("hex")}`);
  };
  return {
    ...world,
    features: {
      ...features,
      read: async (audio) => {
        const read = await features.read(audio);
        for (const { buffer } of read) {
          keep(`heard ${audio.join()}`, new Uint8Array(buffer));
        }
        return read;
      },
    },
    setting: {
      ...setting,
      tokenizer: {
        ...tokenizer,
        encode: (text) => {
          const tokens = tokenizer.encode(text);
          keep("read", new Uint8Array(Int32Array.from(tokens).buffer));
          return tokens;
        },
      },
    },
  };
}

describe("the designs of a seed", () => {
  before(startEngine);

  it("see the same batches in the same order, to the byte", async () => {
    const world = await worldIn(join(root, "start"));
    const seenBy = async (design: typeof baseline, seed: number) => {
      const seen: string[] = [];
      const folder = join(root, "seen", design.name, String(seed));
      await trainIn(
        watched(world, seen),
        { design, seed },
        { folder, stages: [1, 2, 3], report: () => {}, nWorkers: 0 },
      );
      return seen;
    };
    const first = await seenBy(baseline, 1);
    // 24 steps of two micro-batches of two, each with sound.
    assert.equal(first.filter((one) => /^heard/.test(one)).length, 48);
    assert.ok(first.filter((one) => /^read/.test(one)).length >= 96);
    assert.deepEqual(await seenBy(attentionOnly, 1), first);
    assert.notDeepEqual(await seenBy(baseline, 2), first);
  });
});
