/**
 * A tiny run, to be killed:
 * `node --import tsx run-child.ts FOLDER STEPS WORKERS`.
 *
 * Says "ready" before it opens the folder, and ends with the weights' sha256.
 */
import { createHash } from "node:crypto";
import * as tf from "@tensorflow/tfjs";
import { normalMatrix } from "../../lib/tensor/layers.ts";
import { disposeTensors, leaves } from "../../lib/tensor/params.ts";
import { random } from "../../lib/tensor/random.ts";
import { openBatches } from "../../lib/train/ahead/batches.ts";
import { runTraining } from "../../lib/train/run/run-training.ts";
import { startEngine } from "../use-engine.ts";
import { ingredientsWith, openIngredients } from "./ingredients.ts";

type Net = { up: tf.Tensor2D; down: tf.Tensor2D };

const [folder, steps, nWorkers] = process.argv.slice(2);
await startEngine();
process.stdout.write("ready\n");
await new Promise((resolve) => process.stdin.once("data", resolve));
process.stdin.pause();

const identity = {
  design: "net",
  stage: "tiny",
  scale: "tiny",
  seed: 1,
  library: "0",
  config: "none",
  manifest: "none",
};
const n = Number(nWorkers);
const batches = openBatches({
  recipe: { ...openIngredients(), lengths: { text: 48, answer: 4 } },
  ahead: n > 0 ? { workers: { n, ingredients: ingredientsWith() } } : undefined,
  microBatchSize: 4,
  nMicroBatches: 2,
  steps: Number(steps),
});
const params = await runTraining(
  {
    name: "net",
    params: {
      up: normalMatrix(random("up"), [16, 24], 0.3),
      down: normalMatrix(random("down"), [24, 16], 0.3),
    },
    frozen: [] as [],
    loss: ({ down, up }: Net, _: [], { x }: { x: tf.Tensor2D }): tf.Scalar =>
      x.matMul(up).tanh().matMul(down).sub(x.mul(2)).square().mean(),
    batchAt: async (step: number, micro: number) => {
      const { T, heard } = await batches.at(step, micro);
      // Lengths take turns, so that a run goes on with another trace.
      const rows = T > 16 ? 5 : 4;
      return { x: tf.tensor2d(heard[0].subarray(0, rows * 16), [rows, 16]) };
    },
    nMicroBatches: 2,
    schedule: {
      steps: Number(steps),
      peakLearningRate: 0.02,
      warmupRatio: 0.1,
    },
  },
  {
    folder,
    identity,
    saveEvery: 2,
    batchSize: 8,
    batchOf: async () => null,
    report: (line) => console.log(line),
    onStep: ({ step }) => console.log(`step ${step}`),
  },
);
await batches.close();
const hash = createHash("sha256");
for (const leaf of leaves(params)) hash.update(leaf.dataSync());
disposeTensors(params);
console.log(`done ${hash.digest("hex")}`);
