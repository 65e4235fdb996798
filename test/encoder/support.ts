import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import type {
  Checkpoint,
  StoredTensor,
  TensorInfo,
} from "../../lib/checkpoint/checkpoint.ts";
import type { Shapes } from "../../lib/checkpoint/match.ts";
import { useEngine } from "../../lib/engine/engine.ts";
import { random } from "../../lib/tensor/random.ts";

export const parityFolder = join(
  import.meta.dirname,
  "..",
  "fixtures",
  "parity",
);

/** The best engine that can be had, without a word. */
export const startEngine = () => useEngine("auto", { report: () => {} });

/** A checkpoint of random numbers; names may be changed. */
export function randomCheckpoint(
  shapes: Shapes,
  nameOf: (name: string) => string = (name) => name,
): Checkpoint {
  const tensors = new Map<string, TensorInfo>();
  const stored = new Map<string, StoredTensor>();
  for (const [name, shape] of shapes) {
    const chance = random(name);
    const length = shape.reduce((product, n) => product * n, 1);
    const spread = shape.length > 1 ? 0.3 : 0.1;
    const middle = /(norm\d?\.weight|running_var)$/.test(name) ? 1 : 0;
    const values = Float32Array.from(
      { length },
      () => middle + spread * chance.normal(),
    );
    tensors.set(nameOf(name), { dtype: "F32", shape });
    stored.set(nameOf(name), { shape, values });
  }
  return {
    name: "random",
    tensors,
    read: async (name) => stored.get(name)!,
    close: async () => {},
  };
}

/** Largest distance of two tensors of one shape. */
export function distance(a: tf.Tensor, b: tf.Tensor): number {
  return tf.tidy(() => a.sub(b).abs().max().dataSync()[0]);
}
