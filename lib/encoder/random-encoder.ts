import type {
  Checkpoint,
  StoredTensor,
  TensorInfo,
} from "../checkpoint/checkpoint.ts";
import type { RawConfig } from "../checkpoint/config-fields.ts";
import type { Shapes } from "../checkpoint/match.ts";
import { random } from "../tensor/random.ts";
import { htsatConfig } from "./htsat-config.ts";
import { type PretrainedEncoder, readEncoder } from "./pretrained.ts";
import { sslamConfig } from "./sslam.ts";
import { htsatShapes } from "./weights/htsat.ts";
import { sslamShapes } from "./weights/sslam.ts";

export type RandomEncoderName = "sslam" | "clap";

/** Small in width and depth; pictures and grids are those of the real ones. */
const small: Readonly<Record<RandomEncoderName, RawConfig>> = {
  sslam: { embed_dim: 96, depth: 2, num_heads: 4 },
  clap: {
    patch_embeds_hidden_size: 24,
    depths: [2, 2, 2, 2],
    num_attention_heads: [2, 4, 8, 16],
  },
};

/**
 * An encoder that has learned nothing: the network of SSLAM or CLAP, small,
 * with weights drawn from a seed.
 *
 * It takes the same clips and cuts the same grid, so what depends on geometry
 * can be seen without the published weights. Of its features only this can be
 * said: what they tell apart, the architecture and the front-end tell apart.
 * Not in the paper.
 */
export async function randomEncoder(
  name: RandomEncoderName,
  seed: number,
): Promise<PretrainedEncoder> {
  const config = small[name];
  const shapes = {
    sslam: () => sslamShapes(sslamConfig(config)),
    clap: () => htsatShapes(htsatConfig(config)),
  }[name]();
  return readEncoder(randomCheckpoint(shapes, name, seed), config);
}

/** A checkpoint of these shapes that makes its numbers when they are read. */
function randomCheckpoint(
  shapes: Shapes,
  model: string,
  seed: number,
): Checkpoint {
  const read = async (name: string): Promise<StoredTensor> => {
    const shape = shapes.get(name) ?? [];
    const { middle, spread } = spreadOf(name, shape);
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

/** CLAP's log-mel in dB, as its batch norm takes it to about 0 and 1. */
const melMean = -50;
const melVariance = 30 ** 2;

/** What training begins with: norms that change nothing, rows of length 1. */
function spreadOf(
  name: string,
  shape: readonly number[],
): { middle: number; spread: number } {
  if (name.endsWith("running_mean")) return { middle: melMean, spread: 0 };
  if (name.endsWith("running_var")) return { middle: melVariance, spread: 0 };
  if (shape.length === 1) {
    const isScale = /norm[^.]*\.weight$/.test(name);
    return { middle: isScale ? 1 : 0, spread: 0 };
  }
  const isTable = /(positions|extra_tokens|bias_table)$/.test(name);
  const perRow = shape.slice(1).reduce((product, n) => product * n, 1);
  return { middle: 0, spread: isTable ? 0.02 : perRow ** -0.5 };
}
