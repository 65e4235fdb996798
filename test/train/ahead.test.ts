import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import type { Features } from "../../lib/features/features.ts";
import { toyLlama } from "../../lib/llm/config.ts";
import { initLlama } from "../../lib/llm/llama.ts";
import { plainConnector } from "../../lib/pal/connector/config.ts";
import { atDepth } from "../../lib/pal/design/layer-plan.ts";
import {
  attentionOnly,
  baseline,
  type Variant,
} from "../../lib/pal/design/variant.ts";
import { initAudioConnector } from "../../lib/pal/run/audio-llm.ts";
import { toPlain } from "../../lib/tensor/params.ts";
import { random } from "../../lib/tensor/random.ts";
import {
  type Ahead,
  type Batches,
  openBatches,
} from "../../lib/train/ahead/batches.ts";
import { type DesignPlan, trainDesign } from "../../lib/train/design.ts";
import type { TrainOptions } from "../../lib/train/training.ts";
import { settled, watchWorkers } from "../threads/workers.ts";
import { startEngine } from "../use-engine.ts";
import {
  encoder,
  type Faults,
  ingredientsWith,
  openIngredients,
} from "./ingredients.ts";

const workers = watchWorkers();
after(() => assert.equal(workers().running, 0));

const nSteps = 8;
const microBatchSize = 2;
const lengths = { text: 48, answer: 4 };

/** The ways of making batches. */
const ways = (faults: Faults = {}): Record<string, Ahead | undefined> => ({
  "when they are asked for": undefined,
  "ahead, between steps": { batches: 3 },
  "in 1 thread": { workers: { n: 1, ingredients: ingredientsWith(faults) } },
  "in 2 threads": {
    batches: 5,
    workers: { n: 2, ingredients: ingredientsWith(faults) },
  },
});

function planOf(
  variant: Variant,
  ahead: Ahead | undefined,
  faults?: Faults,
): DesignPlan {
  const { sounds, source, writer } = openIngredients(faults);
  const { vocabularySize } = writer.tokenizer;
  return {
    config: {
      variant: atDepth(variant, 2),
      llama: { ...toyLlama, nLayers: 2, width: 32, vocabularySize },
      connector: plainConnector({
        query: { steps: 4, bands: 1 },
        width: 16,
        nHeads: 2,
      }),
      encoders: [encoder],
      audioAt: writer.audioAt,
    },
    features: { encoders: [encoder], ...sounds },
    ...{ source, writer, lengths, microBatchSize, ahead },
    trains: "connector+llm",
    batchSize: 2 * microBatchSize,
    schedule: { steps: nSteps, peakLearningRate: 1e-2, warmupRatio: 0.1 },
  };
}

async function trained(plan: DesignPlan, options: TrainOptions = {}) {
  const model = {
    llama: initLlama(plan.config.llama, random("llama")),
    connector: initAudioConnector(plan.config, random("connector")),
  };
  const { losses, params } = await trainDesign(plan, model, options);
  return { losses: [...losses], params: toPlain(params) };
}

describe("batches made ahead", () => {
  before(startEngine);

  it("train to the last bit as those made when they are asked for", async () => {
    const wanted = await trained(planOf(baseline, undefined));
    for (const [way, ahead] of Object.entries(ways({ delays: 3 }))) {
      const got = await trained(planOf(baseline, ahead));
      assert.deepEqual(got.losses, wanted.losses, way);
      assert.deepEqual(got.params, wanted.params, way);
    }
    assert.equal(await settled(workers), 0);
    assert.ok(workers().started >= 3);
  });

  it("are the same bytes for paired designs, whatever their timing", async () => {
    const batchesOf = (ahead: Ahead | undefined, delays?: number) =>
      openBatches({
        recipe: { ...openIngredients({ delays }), lengths },
        ...{ ahead, microBatchSize, nMicroBatches: 2, steps: nSteps },
      });
    const all = async (batches: Batches, from = 0) => {
      const made = [];
      for (let n = 2 * from; n < 2 * nSteps; n++) {
        made.push(await batches.at(n >> 1, n % 2));
      }
      await batches.close();
      return made;
    };
    const wanted = await all(batchesOf(undefined));
    assert.equal(new Set(wanted.map(({ T }) => T)).size, 2);
    for (const delays of [1, 2]) {
      for (const [way, ahead] of Object.entries(ways({ delays }))) {
        assert.deepEqual(await all(batchesOf(ahead, delays)), wanted, way);
      }
    }
    // As a run that goes on asks for them.
    const two = batchesOf(ways()["in 2 threads"]);
    assert.deepEqual(await all(two, 3), wanted.slice(6));
  });

  it("leave no tensor, and tell how they are made", async () => {
    const making = Object.values(ways()).map(
      (ahead) =>
        openBatches({
          recipe: { ...openIngredients(), lengths },
          ...{ ahead, microBatchSize, nMicroBatches: 2, steps: nSteps },
        }).making,
    );
    assert.deepEqual(making, [
      "batches are made when their step asks for them",
      "batches are made on the main thread, between steps, at most 3 ahead",
      "batches are made in 1 worker thread, at most 4 ahead",
      "batches are made in 2 worker threads, at most 5 ahead",
    ]);
    const plan = planOf(attentionOnly, ways()["in 2 threads"]);
    await trained(plan);
    const held = tf.memory().numTensors;
    await trained(plan);
    const perRun = tf.memory().numTensors - held;
    await trained({ ...plan, ahead: undefined });
    assert.equal(tf.memory().numTensors - held, 2 * perRun);
  });

  it("bring a fault to its own step, with its place and its cause", async () => {
    const faults = { throwsAt: 10 };
    for (const [way, ahead] of Object.entries(ways(faults))) {
      const steps: number[] = [];
      const onStep = ({ step }: { step: number }) => steps.push(step);
      const run = trained(planOf(baseline, ahead, faults), { onStep });
      await assert.rejects(run, (error) => {
        assert.ok(error instanceof RangeError, way);
        assert.equal(
          error.message,
          "take: expected rows, got none (step 2, examples 10 to 11)",
        );
        const { cause } = error as { cause?: Error };
        assert.equal(cause?.message, "take: expected rows, got none");
        assert.match(`${cause.cause}`, /a bad sector/);
        return true;
      });
      assert.deepEqual(steps, [1, 2], way);
      assert.equal(await settled(workers), 0, way);
    }
  });

  it("fail where a thread is killed, at the step of its batch", async () => {
    for (const way of ["in 1 thread", "in 2 threads"]) {
      const steps: number[] = [];
      const plan = planOf(baseline, ways({ exitsAt: 10 })[way]);
      const onStep = ({ step }: { step: number }) => steps.push(step);
      await assert.rejects(trained(plan, { onStep }), {
        message:
          "expected an answer, got the thread's end (7) (step 2, examples " +
          "10 to 11)",
      });
      assert.deepEqual(steps, [1, 2], way);
      assert.equal(await settled(workers), 0, way);
    }
  });

  it("end with the signal, also where a batch never comes", async () => {
    for (const [way, ahead] of Object.entries(ways({ hangsAt: 8 }))) {
      const stop = new AbortController();
      const onStep = ({ step }: { step: number }) => {
        if (step === 2) setTimeout(() => stop.abort(new Error("enough")), 50);
      };
      const plan = planOf(baseline, ahead, { hangsAt: 8 });
      const run = trained(plan, { onStep, signal: stop.signal });
      await assert.rejects(run, { message: "enough" }, way);
      assert.equal(await settled(workers), 0, way);
    }
  });

  it("are refused where sounds are of another length than the encoder's", async () => {
    const plan = planOf(baseline, undefined);
    const short: Features = {
      ...plan.features,
      read: async (audio) =>
        (await plan.features.read(audio)).map((all) => all.subarray(1)),
    };
    await assert.rejects(trained({ ...plan, features: short }), {
      name: "RangeError",
      message:
        "batchTensors: expected 40 numbers of 2 sounds, got 39 (encoder chance)",
    });
  });

  it("are refused where threads make others", async () => {
    const plan = planOf(baseline, ways({ seed: 2 })["in 1 thread"]);
    await assert.rejects(trained(plan), {
      name: "RangeError",
      message:
        /expected of a thread the batch that is made here, got another; openIngredients must open the same .*\(step 0, examples 0 to 1\)$/,
    });
    const none = { n: 0, ingredients: ingredientsWith() };
    await assert.rejects(trained(planOf(baseline, { workers: none })), {
      message: "openBatches: expected a whole number of threads from 1, got 0",
    });
    await assert.rejects(trained(planOf(baseline, { batches: 0.5 })), {
      message:
        "openBatches: expected a whole number of batches from 1, got 0.5",
    });
    assert.equal(await settled(workers), 0);
  });
});
