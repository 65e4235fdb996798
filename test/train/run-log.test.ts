import assert from "node:assert/strict";
import {
  cpSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { readMetrics } from "../../lib/runlog/metrics.ts";
import { readRun } from "../../lib/runlog/record.ts";
import { runTraining } from "../../lib/train/run/run-training.ts";
import type { RunOptions } from "../../lib/train/run/steps.ts";
import { saveWeights, weightsBy } from "../../lib/train/run/weights.ts";
import type { TrainReport } from "../../lib/train/training.ts";
import { readByTensorboard, whyNoTensorboard } from "../runlog/tensorboard.ts";
import { temporaryFolder } from "../temporary.ts";
import { startEngine } from "../use-engine.ts";
import {
  hashOfParams,
  tinyIdentity,
  tinyOptions,
  tinyTraining,
} from "./tiny-run.ts";

const root = temporaryFolder();
const training = () => tinyTraining(7);
const run = (folder: string, changes: Partial<RunOptions> = {}) =>
  runTraining(training(), tinyOptions(folder, changes), hashOfParams);
const linesIn = (folder: string) => readMetrics(join(folder, "metrics.jsonl"));
const recordIn = (folder: string) => readRun(join(folder, "run.json"));

/** Runs to a step, where the signal, or a fault, stops it. */
async function stopAt(step: number, folder: string, how: "signal" | "fault") {
  const stop = new AbortController();
  const onStep = (report: TrainReport) => {
    if (report.step !== step) return;
    if (how === "fault") throw new Error("the power failed");
    stop.abort();
  };
  const { signal } = stop;
  await assert.rejects(run(folder, { onStep, signal }));
}

describe("a training's log", () => {
  before(startEngine);

  it("has what each step told, and says on what it ran", async () => {
    const folder = join(root, "whole");
    const told: TrainReport[] = [];
    await run(folder, { onStep: (report) => told.push(report) });
    const lines = linesIn(folder);
    assert.equal(lines.length, 7);
    for (const [i, line] of lines.entries()) {
      const { gradientNorms, learningRate, loss, seconds, tokens, waitMs } =
        told[i];
      assert.equal(line.step, i + 1);
      assert.deepEqual(line.gradientNorms, gradientNorms);
      assert.deepEqual(
        [line.loss, line.rate, line.waitMs, line.tokensPerSecond],
        [loss, learningRate, waitMs, tokens / seconds],
      );
      assert.equal(tokens, 2 * (4 + (i % 2)));
    }
    const { config, outcome, steps } = recordIn(folder);
    assert.deepEqual([outcome, steps], ["done", 7]);
    const { settings } = tinyOptions(folder);
    assert.deepEqual(config, { identity: tinyIdentity, settings });
  });

  it("has the steps of the checkpoint after a signal, and all at the end", async () => {
    const folder = join(root, "stopped");
    await stopAt(3, folder, "signal");
    const { outcome, steps } = recordIn(folder);
    assert.deepEqual([outcome, steps], ["interrupted", 3]);
    assert.equal(linesIn(folder).length, 3);
    const sha256 = await run(folder);
    assert.equal(sha256, await run(join(root, "again")));
    assert.equal(recordIn(folder).outcome, "done");
    const losses = linesIn(folder).map(({ loss }) => loss);
    assert.deepEqual(
      losses,
      linesIn(join(root, "again")).map(({ loss }) => loss),
    );
  });

  it("is cut back to the checkpoint where it ran ahead", async () => {
    const folder = join(root, "ahead");
    await stopAt(5, folder, "fault");
    const { message, outcome } = recordIn(folder);
    assert.deepEqual([outcome, message], ["failed", "the power failed"]);
    assert.equal(linesIn(folder).length, 5);
    const said: string[] = [];
    await run(folder, { report: (line) => said.push(line) });
    assert.ok(said.includes("train: net goes on after step 4"), said.join());
    const steps = linesIn(folder).map(({ step }) => step);
    assert.deepEqual(steps, [1, 2, 3, 4, 5, 6, 7]);
    const { sessions } = recordIn(folder);
    assert.deepEqual(
      sessions.map(({ fromStep }) => fromStep),
      [0, 4],
    );
  });

  it("is done when the weights are saved, and not before", async () => {
    const folder = join(root, "saving");
    const options = tinyOptions(folder);
    let during = "";
    const fails = runTraining(training(), options, () => {
      during = recordIn(folder).outcome;
      throw new Error("no hand to write");
    });
    await assert.rejects(fails, /no hand to write/);
    assert.equal(during, "running");
    assert.equal(recordIn(folder).outcome, "failed");
    await run(folder);
    assert.equal(recordIn(folder).outcome, "done");
  });

  it("is ended later where a kill came after the weights", async () => {
    const folder = join(root, "killed");
    const copy = join(root, "killed-copy");
    const options = tinyOptions(folder);
    await runTraining(training(), options, (params) => {
      saveWeights(folder, params, options.identity);
      cpSync(folder, copy, { recursive: true });
    });
    // Flushed before its last checkpoint.
    const left = recordIn(copy);
    assert.deepEqual([left.outcome, left.steps], ["running", 7]);
    const found = await weightsBy({ ...options, folder: copy }, { steps: 7 });
    assert.match(found!.path, /weights-[0-9a-f]{64}\.safetensors$/);
    const { outcome, steps } = recordIn(copy);
    assert.deepEqual([outcome, steps], ["done", 7]);
  });

  it("is opened again where the weights of a run that was done are gone", async () => {
    const folder = join(root, "lost");
    const save = (params: Parameters<typeof saveWeights>[1]) =>
      saveWeights(folder, params, tinyIdentity).sha256;
    const sha256 = await runTraining(training(), tinyOptions(folder), save);
    for (const name of readdirSync(folder)) {
      if (name.startsWith("weights")) rmSync(join(folder, name));
    }
    assert.equal(
      await runTraining(training(), tinyOptions(folder), save),
      sha256,
    );
    assert.equal(linesIn(folder).length, 7);
  });

  it("is gone on with on another engine, and that is told", async () => {
    const folder = join(root, "moved");
    await stopAt(3, folder, "signal");
    const said: string[] = [];
    const report = (line: string) => said.push(line);
    const signal = AbortSignal.abort();
    await assert.rejects(run(folder, { report, signal }), /after step 3/);
    assert.deepEqual(said, ["train: net goes on after step 3"]);
    const path = join(folder, "run.json");
    const record = JSON.parse(readFileSync(path, "utf8"));
    record.sessions.at(-1).engine.numerics.threads += 1;
    writeFileSync(path, JSON.stringify(record));
    await run(folder, { report });
    assert.match(
      said.join("\n"),
      /expected to go on with .* threads.*, got .*; it goes on, but not to the same bytes/,
    );
  });

  it("is read by TensorBoard, a stop and a fault in it, as it stands", {
    skip: whyNoTensorboard(),
  }, async () => {
    const folder = join(root, "watched");
    await stopAt(3, folder, "signal");
    await stopAt(6, folder, "fault");
    await run(folder);
    const tags = readByTensorboard(folder);
    const lines = linesIn(folder);
    const wanted = {
      "train/loss": lines.map(({ loss }) => loss),
      "train/rate": lines.map(({ rate }) => rate),
      "gradient_norm/all": lines.map(({ gradientNorms: { all } }) => all),
      "speed/tokens_per_second": lines.map((line) => line.tokensPerSecond),
      "speed/wait_ms": lines.map(({ waitMs }) => waitMs),
      "memory/rss_bytes": lines.map(({ rssBytes }) => rssBytes),
      "memory/tensor_bytes": lines.map(({ tensorBytes }) => tensorBytes),
    };
    const expected = Object.entries(wanted).map(([tag, values]) => [
      tag,
      values.map((value, i) => [i + 1, Math.fround(value)]),
    ]);
    assert.deepEqual(tags, Object.fromEntries(expected));
  });
});
