import * as tf from "@tensorflow/tfjs";
import type {
  Checkpoint,
  TensorInfo,
} from "../../lib/checkpoint/checkpoint.ts";
import type { Shapes } from "../../lib/checkpoint/match.ts";
import { clap } from "../../lib/encoder/declared/clap.ts";
import { sslam } from "../../lib/encoder/declared/sslam.ts";
import { stageGrid } from "../../lib/encoder/htsat-config.ts";
import { encoderNamed } from "../../lib/encoder/list.ts";
import type { Tensors } from "../../lib/tensor/params.ts";

/** A network at its published size, with weights from a formula. */
export interface Network {
  /** Frames and bands of its input. */
  readonly input: readonly [frames: number, bands: number];
  /** Multiply-adds of its matrix products for one clip, times two. */
  readonly flops: number;
  load(): Promise<Tensors>;
  forward(weights: Tensors, mel_BFL: tf.Tensor3D): tf.Tensor3D;
}

/** As bench/python/encoders.py names the networks. */
export type NetworkName = "sslam" | "htsat";

export const networks: Readonly<Record<NetworkName, Network>> = {
  sslam: networkOf("sslam", sslamFlops()),
  htsat: networkOf("clap-general", htsatFlops()),
};

/** The network of published weights, without them. */
function networkOf(name: string, flops: number): Network {
  const { config: raw, network } = encoderNamed(name);
  const config = network.configOf(raw);
  const { nBands, nFrames } = network.frontEnd;
  return {
    input: [nFrames, nBands],
    flops,
    load: () =>
      network.load(formulaCheckpoint(network.shapesOf(config)), config),
    forward: (weights, mel_BFL) => network.run(weights, mel_BFL, { config }),
  };
}

/** The same numbers as `wave` in bench/python/encoders.py. */
function wave(
  length: number,
  { middle, spread }: { readonly middle: number; readonly spread: number },
): Float32Array {
  return Float32Array.from(
    { length },
    (_, i) => middle + spread * Math.sin(12.9898 * (i + 1)),
  );
}

/** Pictures of waves, for both sides the same. */
export function inputOf(name: NetworkName, B: number): tf.Tensor3D {
  const [F, L] = networks[name].input;
  const range =
    name === "sslam" ? { middle: 0, spread: 0.7 } : { middle: -30, spread: 20 };
  return tf.tensor3d(wave(B * F * L, range), [B, F, L]);
}

/** Every matrix has rows of length about 1; norms and biases are near theirs. */
function formulaCheckpoint(shapes: Shapes): Checkpoint {
  const tensors = new Map<string, TensorInfo>(
    [...shapes].map(([name, shape]) => [name, { dtype: "F32", shape }]),
  );
  const read = async (name: string) => {
    const shape = shapes.get(name)!;
    const size = shape.reduce((product, n) => product * n, 1);
    const isMatrix = shape.length > 1;
    const isScale = /norm\d?\.weight$|layernorm_\w+\.weight$/.test(name);
    const middle = /running_var$/.test(name) ? 100 : isScale ? 1 : 0;
    const spread = isMatrix ? Math.sqrt((2 * shape[0]) / size) : 0.05;
    return { shape, values: wave(size, { middle, spread }) };
  };
  return { name: "formula", tensors, read, close: async () => {} };
}

function sslamFlops(): number {
  const { config } = encoderNamed("sslam");
  const {
    melBands,
    mlpWidth,
    nLayers,
    patch,
    width: E,
  } = sslam.configOf(config);
  const P = (1024 / patch) * (melBands / patch);
  const M = P + 1;
  const layer = M * (4 * E * E + 2 * E * mlpWidth) + 2 * M * M * E;
  return 2 * (P * patch * patch * E + nLayers * layer);
}

function htsatFlops(): number {
  const htsat = clap.configOf(encoderNamed("clap-general").config);
  const { depths, mlpRatio, patch, patchWidth, window } = htsat;
  let sum = stageGrid(htsat, 0) ** 2 * patch * patch * patchWidth;
  depths.forEach((nBlocks, stage) => {
    const P = stageGrid(htsat, stage) ** 2;
    const E = patchWidth * 2 ** stage;
    const block = P * E * ((4 + 2 * mlpRatio) * E + 2 * window ** 2);
    const merge = stage < depths.length - 1 ? (P / 4) * 4 * E * 2 * E : 0;
    sum += nBlocks * block + merge;
  });
  return 2 * sum;
}
