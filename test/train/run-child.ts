/**
 * A tiny run, to be killed: `node --import tsx run-child.ts FOLDER STEPS`.
 *
 * Says "ready" before it opens the folder, and ends with the weights' sha256.
 */
import { createHash } from "node:crypto";
import type * as tf from "@tensorflow/tfjs";
import { normalMatrix } from "../../lib/tensor/layers.ts";
import { disposeTensors, leaves } from "../../lib/tensor/params.ts";
import { random } from "../../lib/tensor/random.ts";
import { runTraining } from "../../lib/train/run/run-training.ts";
import { startEngine } from "../use-engine.ts";

type Net = { up: tf.Tensor2D; down: tf.Tensor2D };

const [folder, steps] = process.argv.slice(2);
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
    batchAt: (step: number, micro: number) => ({
      // Lengths take turns, so that a run goes on with another trace.
      x: normalMatrix(random("batch", step, micro), [4 + (step % 2), 16], 1),
    }),
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
const hash = createHash("sha256");
for (const leaf of leaves(params)) hash.update(leaf.dataSync());
disposeTensors(params);
console.log(`done ${hash.digest("hex")}`);
