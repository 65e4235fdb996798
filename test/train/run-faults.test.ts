import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { currentEngine } from "../../lib/engine/engine.ts";
import { outOfMemory } from "../../lib/engine/out-of-memory.ts";
import { readMetrics } from "../../lib/runlog/metrics.ts";
import { readRun } from "../../lib/runlog/record.ts";
import { normalMatrix } from "../../lib/tensor/layers.ts";
import { random } from "../../lib/tensor/random.ts";
import { runTraining } from "../../lib/train/run/run-training.ts";
import type { RunOptions } from "../../lib/train/run/steps.ts";
import { lighterBatch } from "../../lib/train/run/train-stage.ts";
import { saveWeights } from "../../lib/train/run/weights.ts";
import { connectorPretraining } from "../../lib/train/stage.ts";
import { temporaryFolder } from "../temporary.ts";
import { startEngine } from "../use-engine.ts";
import { filesIn } from "./files-in.ts";
import { onFullDisk } from "./full-disk.ts";
import { tinyIdentity, tinyOptions, tinyTraining } from "./tiny-run.ts";

const root = temporaryFolder();
/** One kind of batch, so that a step is recorded once. */
const short = () =>
  tinyTraining(6, {
    batchAt: (step) => ({ x: normalMatrix(random("row", step), [4, 16], 1) }),
    nMicroBatches: 1,
  });
const run = (
  folder: string,
  changes: Partial<RunOptions> = {},
  training = short(),
) =>
  runTraining(
    training,
    tinyOptions(folder, changes),
    (params) => saveWeights(folder, params, tinyIdentity).sha256,
  );
describe("a disk that is full", () => {
  before(startEngine);
  let wanted = "";
  before(async () => {
    wanted = await run(join(root, "whole"));
  });

  it("stops the run, whatever room it had, and nothing is lost", async () => {
    const rooms: { readonly room: number; readonly hadSaved: boolean }[] = [];
    for (let room = 0; ; room += 3300) {
      const folder = join(root, `room-${room}`);
      const said: string[] = [];
      const report = (line: string) => said.push(line);
      const full = onFullDisk(folder, room, () => run(folder, { report }));
      const error = await full.then(
        () => undefined,
        (reason: Error) => reason,
      );
      if (error === undefined) break;
      assert.match(
        error.message,
        /^train: expected room for 9\.22 kB in .*, got ENOSPC: the disk is full, .* are free; free some: of a run, step-\*/,
      );
      assert.ok(error.message.includes(folder));
      // No half of a file stays to be mistaken for a whole one.
      const names = existsSync(folder) ? Object.keys(filesIn(folder)) : [];
      assert.deepEqual(
        names.filter((name) => /\.tmp$/.test(name)),
        [],
      );
      const hadSaved = names.some((name) => /^step-/.test(name));
      rooms.push({ room, hadSaved });
      assert.equal(await run(folder, { report }), wanted);
      const resumed = said.some((line) => /goes on after step/.test(line));
      assert.equal(resumed, hadSaved);
      const lines = readMetrics(join(folder, "metrics.jsonl"));
      assert.equal(lines.length, 6);
      assert.equal(readRun(join(folder, "run.json")).outcome, "done");
    }
    const after = rooms.filter(({ hadSaved }) => hadSaved).length;
    const early = rooms.length - after;
    assert.ok(after > 5 && early > 3, `${early} and ${after}`);
  });
});

describe("memory that does not suffice", () => {
  before(startEngine);

  it("stops the run, and says what to lower", async (t) => {
    if (!/^tensorflow/.test(currentEngine()!.name)) {
      return t.skip("a size that only TensorFlow refuses in words");
    }
    const folder = join(root, "memory");
    const narrow = tinyTraining(6);
    const wide = tinyTraining(6, {
      loss: (params, frozen, batch) => {
        // 8 TB, which no machine gives; TensorFlow asks for it for 10 s.
        const width = batch.x.shape[0] === 5 ? 1_400_000 : 4;
        const far = tf.ones<tf.Rank.R2>([width, 1]);
        const sum = far.matMul(far, false, true).sum();
        return narrow.loss(params, frozen, batch).add(sum);
      },
    });
    const failing = run(folder, {}, wide);
    await assert.rejects(failing, {
      name: "Error",
      message:
        /^train: expected memory for a step, got "[\s\S]*OOM when allocating tensor with shape\[1400000,1400000\][\s\S]*; lower perDevice; what was saved stays in/,
    });
    const { message, outcome, steps } = readRun(join(folder, "run.json"));
    assert.deepEqual([outcome, steps], ["failed", 1]);
    assert.match(message!, /lower perDevice/);
  });

  it("is told from other errors by the engines' own words", () => {
    const words = [
      "Invalid TF_Status: 8\nMessage: OOM when allocating tensor with shape[9]",
      "Aborted(). Build with -sASSERTIONS for more info.",
      "Out of memory",
      "Array buffer allocation failed",
    ];
    for (const word of words) {
      const cause = new Error(word);
      assert.equal(outOfMemory(new Error("a step failed", { cause })), word);
    }
    assert.equal(outOfMemory(new Error("a bad shape")), undefined);
  });

  it("asks for smaller micro-batches, and more of them: the same batch", () => {
    const told = (perDevice: number, accumulation: number) =>
      lighterBatch({
        ...connectorPretraining,
        batch: { devices: 2, perDevice, accumulation },
      });
    assert.match(
      told(32, 4),
      /^lower batch\.perDevice of stage "connector-pretraining" from 32 to 16 and raise batch\.accumulation from 4 to 8, .*another folder/,
    );
    assert.match(told(9, 4), /from 9 to 3 and .* from 4 to 12,/);
    assert.match(told(7, 1), /from 7 to 1 and .* from 1 to 7,/);
    assert.match(told(1, 4), /is 1 already: shorten lengths\.text, or end/);
  });
});

describe("a signal", () => {
  before(startEngine);

  it("that came before the first step stops there, and the run goes on", async () => {
    const folder = join(root, "at-once");
    await assert.rejects(run(folder, { signal: AbortSignal.abort() }), {
      name: "Interrupted",
      message: /stopped after step 0 of 6 .* run the same again to go on/,
    });
    assert.equal(readRun(join(folder, "run.json")).outcome, "interrupted");
    assert.equal(await run(folder), await run(join(root, "at-once-whole")));
  });

  it("at the last step comes too late, and the run ends", async () => {
    const stop = new AbortController();
    const folder = join(root, "late");
    const onStep = ({ step }: { step: number }) => {
      if (step === 6) stop.abort();
    };
    await run(folder, { onStep, signal: stop.signal });
    assert.equal(readRun(join(folder, "run.json")).outcome, "done");
  });
});
