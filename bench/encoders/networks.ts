import * as tf from "@tensorflow/tfjs";
import type {
  Checkpoint,
  TensorInfo,
} from "../../lib/checkpoint/checkpoint.ts";
import type { Shapes } from "../../lib/checkpoint/match.ts";
import { type Htsat, runHtsat } from "../../lib/encoder/htsat.ts";
import { htsatConfig, stageGrid } from "../../lib/encoder/htsat-config.ts";
import { runSslam, type Sslam, sslamConfig } from "../../lib/encoder/sslam.ts";
import { htsatShapes, loadHtsat } from "../../lib/encoder/weights/htsat.ts";
import { loadSslam, sslamShapes } from "../../lib/encoder/weights/sslam.ts";
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

export type NetworkName = "sslam" | "htsat";

const sslam = sslamConfig({});
const htsat = htsatConfig({
  patch_embeds_hidden_size: 128,
  depths: [2, 2, 12, 2],
});

export const networks: Readonly<Record<NetworkName, Network>> = {
  sslam: {
    input: [1024, 128],
    flops: sslamFlops(),
    load: () => loadSslam(formulaCheckpoint(sslamShapes(sslam)), sslam),
    forward: (weights, mel_BFL) =>
      runSslam(weights as Sslam, mel_BFL, { config: sslam }),
  },
  htsat: {
    input: [1001, 64],
    flops: htsatFlops(),
    load: () => loadHtsat(formulaCheckpoint(htsatShapes(htsat)), htsat),
    forward: (weights, mel_BFL) =>
      runHtsat(weights as Htsat, mel_BFL, { config: htsat }),
  },
};

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
  const { melBands, mlpWidth, nLayers, patch, width: E } = sslam;
  const P = (1024 / patch) * (melBands / patch);
  const M = P + 1;
  const layer = M * (4 * E * E + 2 * E * mlpWidth) + 2 * M * M * E;
  return 2 * (P * patch * patch * E + nLayers * layer);
}

function htsatFlops(): number {
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
