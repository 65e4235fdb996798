import type {
  Checkpoint,
  StoredTensor,
  TensorInfo,
} from "../checkpoint/checkpoint.ts";
import { random } from "../tensor/random.ts";
import type { EncoderDeclaration, Spread } from "./declaration.ts";
import { declaredEncoders, networkNamed } from "./list.ts";
import { type PretrainedEncoder, readEncoder } from "./pretrained.ts";

/**
 * An encoder that has learned nothing: a network such as SSLAM's or CLAP's,
 * small, with weights drawn from a seed.
 *
 * It takes the same clips and cuts the same grid, so what depends on geometry
 * can be seen without the published weights. Of its features only this can be
 * said: what they tell apart, the architecture and the front-end tell apart.
 * Not in the paper.
 */
export async function randomEncoder(
  name: string,
  seed: number,
  encoders = declaredEncoders,
): Promise<PretrainedEncoder> {
  const network = networkNamed(name, encoders);
  return readEncoder(randomCheckpoint(network, seed), network.small, encoders);
}

/** A small network's checkpoint that makes its numbers when they are read. */
function randomCheckpoint(
  network: EncoderDeclaration,
  seed: number,
): Checkpoint {
  const model = network.name;
  const shapes = network.shapesOf(network.configOf(network.small));
  const read = async (name: string): Promise<StoredTensor> => {
    const shape = shapes.get(name) ?? [];
    const { middle, spread } = network.startOf?.(name) ?? spreadOf(name, shape);
    const chance = random("random encoder", model, seed, name);
    const length = shape.reduce((product, n) => product * n, 1);
    const values = Float32Array.from(
      { length },
      () => middle + spread * chance.normal(),
    );
    return { shape, values };
  };
  const tensors = new Map<string, TensorInfo>(
    [...shapes].map(([name, shape]) => [name, { dtype: "F32", shape }]),
  );
  return { name: `random ${model}`, tensors, read, close: async () => {} };
}

/** What training begins with: norms that change nothing, rows of length 1. */
function spreadOf(name: string, shape: readonly number[]): Spread {
  if (shape.length === 1) {
    const isScale = /norm[^.]*\.weight$/.test(name);
    return { middle: isScale ? 1 : 0, spread: 0 };
  }
  const perRow = shape.slice(1).reduce((product, n) => product * n, 1);
  return { middle: 0, spread: perRow ** -0.5 };
}
