import { createHash } from "node:crypto";
import type * as tf from "@tensorflow/tfjs";
import { normalMatrix } from "../../lib/tensor/layers.ts";
import { leaves, type Tensors } from "../../lib/tensor/params.ts";
import { random } from "../../lib/tensor/random.ts";
import type { Identity } from "../../lib/train/run/identity.ts";
import type { RunOptions } from "../../lib/train/run/steps.ts";
import type { Training } from "../../lib/train/training.ts";

type Net = { up: tf.Tensor2D; down: tf.Tensor2D };
type Rows = { x: tf.Tensor2D };

/** A training of seconds, its parameters in two groups. */
export function tinyTraining(
  steps: number,
  changes: Partial<Training<Net, [], Rows>> = {},
): Training<Net, [], Rows> {
  return {
    name: "net",
    params: {
      up: normalMatrix(random("up"), [16, 24], 0.3),
      down: normalMatrix(random("down"), [24, 16], 0.3),
    },
    frozen: [],
    loss: ({ down, up }, _, { x }): tf.Scalar =>
      x.matMul(up).tanh().matMul(down).sub(x.mul(2)).square().mean(),
    batchAt: (step, micro) => ({
      // Lengths take turns, so that a run goes on with another trace.
      x: normalMatrix(random("batch", step, micro), [4 + (step % 2), 16], 1),
    }),
    nMicroBatches: 2,
    tokensOf: ({ x }) => x.shape[0],
    schedule: { steps, peakLearningRate: 0.02, warmupRatio: 0.1 },
    ...changes,
  };
}

export const tinyIdentity: Identity = {
  design: "net",
  stage: "tiny",
  scale: "tiny",
  seed: 1,
  library: "0",
  manifest: "a manifest",
  config: "sizes",
  start: "weights",
};

export function tinyOptions(
  folder: string,
  changes: Partial<RunOptions> = {},
): RunOptions {
  return {
    folder,
    identity: tinyIdentity,
    settings: { batch: { perDevice: 4, accumulation: 2 } },
    lighter: "lower perDevice",
    saveEvery: 2,
    batchSize: 8,
    batchOf: async (step) => `batch ${step}`,
    report: () => {},
    ...changes,
  };
}

/** What a run ends with, as a sha256. */
export function hashOfParams(params: Tensors): string {
  const hash = createHash("sha256");
  for (const leaf of leaves(params)) hash.update(leaf.dataSync());
  return hash.digest("hex");
}
