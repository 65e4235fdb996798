import assert from "node:assert/strict";
import {
  cpSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
} from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { openCheckpoint } from "../../lib/checkpoint/checkpoint.ts";
import { writeSafetensors } from "../../lib/checkpoint/write-safetensors.ts";
import { baseline, delayedFusion } from "../../lib/pal/design/variant.ts";
import { readMetrics } from "../../lib/runlog/metrics.ts";
import { readRun } from "../../lib/runlog/record.ts";
import type { Tensors } from "../../lib/tensor/params.ts";
import { type PartReport, train } from "../../lib/world/train.ts";
import { allSoundfonts } from "../soundfonts.ts";
import { temporaryFolder } from "../temporary.ts";
import { settled, watchWorkers } from "../threads/workers.ts";
import { startEngine } from "../use-engine.ts";
import { filesIn } from "./files-in.ts";

const workers = watchWorkers();
const root = temporaryFolder();
const whole = join(root, "whole");

/** The weights in a folder, which have their hash for a name. */
function weightsIn(folder: string): string {
  const name = readdirSync(folder).find((one) => one.startsWith("weights-"));
  return join(folder, name!);
}

/** Puts other weights of the same run in the place of a folder's. */
async function exchangeWeights(folder: string): Promise<void> {
  const path = weightsIn(folder);
  const checkpoint = await openCheckpoint(path);
  const tensors: Record<string, tf.Tensor> = {};
  for (const [name, { shape }] of checkpoint.tensors) {
    const { values } = await checkpoint.read(name);
    tensors[name] = tf.tensor(values, [...shape]).mul(1.001);
  }
  await checkpoint.close();
  rmSync(path);
  writeSafetensors(
    (sha256) => join(folder, `weights-${sha256}.safetensors`),
    tensors as Tensors,
    Object.fromEntries(checkpoint.metadata!),
  );
}

describe("a design's run through the stages", () => {
  before(startEngine);
  const said: string[] = [];
  const optionsOf = (folder: string, seed = 1) => ({
    folder,
    scale: "smoke" as const,
    seed,
    soundfonts: allSoundfonts(),
    report: (line: string) => said.push(line),
  });
  const all = [1, 2, 3];

  it("stopped in each part it ends with the bytes of one that was not", async () => {
    const alone = { ...optionsOf(whole), nWorkers: 0 };
    const path = await train(delayedFusion, all, alone);
    const asked = said.filter((line) => /when their step asks/.test(line));
    assert.equal(asked.length, 3);
    assert.equal(workers().started, 0);
    const options = optionsOf(join(root, "parts"));
    // Of each part: the steps after which it is stopped.
    const stops = new Map([
      ["sounds", 3],
      ["language model", 2],
      ["stage 1", 3],
      ["stage 2", 5],
      ["stage 3", 6],
    ]);
    let found = "";
    while (found === "") {
      const stop = new AbortController();
      const onStep = ({ part, step }: PartReport) => {
        if (stops.get(part) !== step) return;
        stops.delete(part);
        stop.abort(new Error("enough"));
      };
      const { signal } = stop;
      try {
        const nWorkers = 1 + (stops.size % 2);
        const told = { ...options, nWorkers, onStep, signal };
        found = await train(delayedFusion, all, told);
      } catch (error) {
        if (!stop.signal.aborted) throw error;
        assert.equal((error as Error).name, "Interrupted");
        assert.match((error as Error).message, /run the same again to go on/);
      }
    }
    assert.equal(stops.size, 0);
    assert.equal(await settled(workers), 0);
    assert.ok(said.some((line) => /stage 2: .* in \d worker/.test(line)));
    assert.deepEqual(readFileSync(found), readFileSync(path));
    for (const line of [
      "train: language model goes on after step 2",
      "train: delayed-fusion goes on after step 3",
      "train: delayed-fusion goes on after step 5",
      "train: delayed-fusion goes on after step 6",
    ]) {
      assert.ok(said.includes(line), `${line}: ${said.join("\n")}`);
    }
  });

  it("leaves a log of each part, with the norms of what it trains", () => {
    const parts = [
      ["start", "none", "language-model", 3, ["all"]],
      ["stage-1", "delayed-fusion", "connector-pretraining", 8, ["connector"]],
      [
        "stage-2",
        "delayed-fusion",
        "closed-ended-tuning",
        8,
        ["connector", "llama"],
      ],
      [
        "stage-3",
        "delayed-fusion",
        "open-ended-tuning",
        8,
        ["connector", "llama"],
      ],
    ] as const;
    for (const [name, design, stage, steps, groups] of parts) {
      for (const run of ["whole", "parts"]) {
        const folder = join(root, run, name);
        const record = readRun(join(folder, "run.json"));
        assert.deepEqual(
          [record.design, record.stage, record.outcome, record.steps],
          [design, stage, "done", steps],
        );
        const lines = readMetrics(join(folder, "metrics.jsonl"));
        assert.equal(lines.length, steps);
        assert.deepEqual(Object.keys(lines[0].gradientNorms), groups);
        assert.ok(lines.every((line) => line.tokensPerSecond > 0));
      }
    }
  });

  it("refuses another design, scale or seed before it does anything", async () => {
    const before = filesIn(whole);
    const options = {
      ...optionsOf(whole),
      onStep: () => assert.fail("expected no step"),
    };
    const cases = [
      [train(baseline, all, options), /design baseline, got delayed-fusion/],
      [train(delayedFusion, all, { ...options, seed: 2 }), /seed 2, got 1/],
      [
        train(delayedFusion, all, { ...options, scale: "lab" }),
        /scale lab, got smoke/,
      ],
    ] as const;
    for (const [run, message] of cases) {
      await assert.rejects(run, { name: "RangeError", message });
      await assert.rejects(run, { message: /; .* choose another folder$/ });
    }
    assert.deepEqual(filesIn(whole), before);
  });

  it("refuses a stage without the one before, and stages that are not", async () => {
    const options = optionsOf(join(root, "new"));
    for (const stages of [[2], [1, 3]]) {
      await assert.rejects(train(delayedFusion, stages, options), {
        message:
          /expected the weights of stage \d for stage \d, got none in .*; train stage \d first/,
      });
    }
    await assert.rejects(train(delayedFusion, [4], options), {
      name: "RangeError",
      message: /expected stages of 1, 2, 3, got 4/,
    });
    assert.ok(!readdirSync(root).includes("new"));
  });

  it("refuses a folder where weights of something else would be written over", async () => {
    const folder = join(root, "others");
    const path = join(folder, "weights.safetensors");
    cpSync(join(whole, "start"), folder, { recursive: true });
    cpSync(weightsIn(folder), path);
    const before = filesIn(folder);
    await assert.rejects(train(delayedFusion, all, optionsOf(folder)), {
      name: "RangeError",
      message: /expected this run's own weights or none at .*move them away/,
    });
    assert.deepEqual(filesIn(folder), before);
  });

  it("goes on with no other language model, and no other stage before it", async () => {
    for (const part of ["start", "stage-1", "stage-2"]) {
      const folder = join(root, `exchanged-${part}`);
      cpSync(whole, folder, { recursive: true });
      await exchangeWeights(join(folder, part));
      // When it was done, and as a kill would have left it.
      for (const isDone of [true, false]) {
        if (!isDone) rmSync(weightsIn(join(folder, "stage-3")));
        await assert.rejects(train(delayedFusion, all, optionsOf(folder)), {
          name: "RangeError",
          message:
            /expected a run with starting weights whose hash is \w+, got \w+ \(.*stage-[123].*choose another folder/,
        });
      }
    }
  });

  it("refuses cut weights, and trains their stage again from its checkpoint", async () => {
    const folder = join(root, "cut");
    cpSync(whole, folder, { recursive: true });
    const path = weightsIn(join(folder, "stage-3"));
    truncateSync(path, 5_000);
    await assert.rejects(train(delayedFusion, [3], optionsOf(folder)), {
      message: /expected whole weights, got a damaged file .*remove it/,
    });
    rmSync(path);
    rmSync(join(folder, "weights.safetensors"));
    said.length = 0;
    const again = await train(delayedFusion, all, optionsOf(folder));
    assert.ok(said.some((line) => /goes on after step 8/.test(line)));
    const wanted = readFileSync(join(whole, "weights.safetensors"));
    assert.deepEqual(readFileSync(again), wanted);
  });

  it("refuses a folder in which another run is at work", async () => {
    const options = optionsOf(join(root, "busy"));
    const ends = await Promise.allSettled([
      train(delayedFusion, [1], options),
      train(delayedFusion, [1], options),
    ]);
    const refused = ends.filter((end) => end.status === "rejected");
    assert.equal(refused.length, 1);
    assert.match(`${refused[0].reason}`, /another process trains; wait/);
  });
});
