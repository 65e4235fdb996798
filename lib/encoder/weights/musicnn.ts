import * as tf from "@tensorflow/tfjs";
import type { Checkpoint } from "../../checkpoint/checkpoint.ts";
import type { Shapes } from "../../checkpoint/match.ts";
import { type Reader, readModel } from "../../checkpoint/reader.ts";
import { foldBatchNorm } from "../../tensor/conv.ts";
import {
  type ConvNorm,
  filtersWidth,
  type Musicnn,
  type MusicnnConfig,
  middleFrames,
  nMiddle,
  type PooledConv,
  temporalKernels,
  timbralKernels,
} from "../musicnn.ts";

/** TensorFlow's epsilon of a batch norm. */
const epsilon = 1e-3;

const nFilters = timbralKernels.length + temporalKernels.length;

/** TensorFlow counts layers of a kind; the first one has no number. */
const counted = (kind: string, i: number) => (i === 0 ? kind : `${kind}_${i}`);
const conv = (i: number) => counted("conv2d", i);
/** The first norm is the picture's. */
const norm = (i: number) => counted("batch_normalization", i);

/**
 * Name of a tensor of the network; undefined for what names tags behind it, and
 * for what the optimizer kept.
 */
function musicnnName(name: string): string | undefined {
  const [, kind, number = "0"] =
    /^(conv2d|batch_normalization)(?:_(\d+))?\/[a-z_]+$/.exec(name) ?? [];
  const isOurs =
    kind === "conv2d" || (kind && Number(number) <= nFilters + nMiddle);
  return isOurs ? name : undefined;
}

/**
 * Reads musicnn from its package's TensorFlow checkpoint, or from what is kept
 * of it.
 */
export async function loadMusicnn(
  checkpoint: Checkpoint,
  config: MusicnnConfig,
): Promise<Musicnn> {
  return readModel(checkpoint, {
    caller: "loadMusicnn",
    rename: musicnnName,
    wanted: () => musicnnShapes(config),
    build: buildMusicnn,
  });
}

/** Names and shapes of the network's tensors. */
export function musicnnShapes(config: MusicnnConfig): Shapes {
  const { middle, temporal, timbral } = config;
  const layers: (readonly [frames: number, bands: number, X: number])[] = [
    ...timbralKernels.map(([f, l]) => [f, l, timbral] as const),
    ...temporalKernels.map(([f, l]) => [f, l, temporal] as const),
  ];
  for (let i = 0; i < nMiddle; i++) {
    // The numbers of a frame stand where bands would.
    const E = i === 0 ? filtersWidth(config) : middle;
    layers.push([middleFrames, E, middle]);
  }
  const normShapes = (i: number, X: number) =>
    ["gamma", "beta", "moving_mean", "moving_variance"].map(
      (name) => [`${norm(i)}/${name}`, [X]] as const,
    );
  return new Map<string, readonly number[]>([
    ...normShapes(0, 1),
    ...layers.flatMap(([frames, bands, X], i) => [
      [`${conv(i)}/kernel`, [frames, bands, 1, X]] as const,
      [`${conv(i)}/bias`, [X]] as const,
      ...normShapes(i + 1, X),
    ]),
  ]);
}

async function buildMusicnn(reader: Reader): Promise<Musicnn> {
  const { keep } = reader;
  const { scale, shift } = await readNorm(reader, 0);
  const filters: PooledConv[] = [];
  for (let i = 0; i < nFilters; i++) filters.push(await readPooled(reader, i));
  const middle: ConvNorm[] = [];
  for (let i = nFilters; i < nFilters + nMiddle; i++) {
    middle.push(await readMiddle(reader, i));
  }
  return {
    melScale_1: vector(keep, scale),
    melShift_1: vector(keep, shift),
    filters,
    middle,
  };
}

async function readNorm({ plain }: Reader, i: number) {
  const read = async (name: string) =>
    (await plain(`${norm(i)}/${name}`)).values;
  return foldBatchNorm({
    mean: await read("moving_mean"),
    variance: await read("moving_variance"),
    weight: await read("gamma"),
    bias: await read("beta"),
    epsilon,
  });
}

/** A filter; kernels whose norm turns the sign are turned. */
async function readPooled(reader: Reader, i: number): Promise<PooledConv> {
  const { keep, plain, vector: bias } = reader;
  const { scale, shift } = await readNorm(reader, i + 1);
  const signs = scale.map((factor) => (factor < 0 ? -1 : 1));
  const { shape, values } = await plain(`${conv(i)}/kernel`);
  const X = signs.length;
  const turned = Float32Array.from(values, (x, at) => x * signs[at % X]);
  const [F, L, E] = shape;
  return {
    kernel_FLEX: keep(() => tf.tensor4d(turned, [F, L, E, X])),
    bias_X: await bias(`${conv(i)}/bias`),
    sign_X: vector(keep, signs),
    scale_X: vector(keep, scale),
    shift_X: vector(keep, shift),
  };
}

/** A layer over the numbers of each frame: they are channels, not bands. */
async function readMiddle(reader: Reader, i: number): Promise<ConvNorm> {
  const { keep, plain, vector: bias } = reader;
  const { scale, shift } = await readNorm(reader, i + 1);
  const { shape, values } = await plain(`${conv(i)}/kernel`);
  const [F, E, , X] = shape;
  return {
    kernel_FLEX: keep(() => tf.tensor4d(values, [F, 1, E, X], "float32")),
    bias_X: await bias(`${conv(i)}/bias`),
    scale_X: vector(keep, scale),
    shift_X: vector(keep, shift),
  };
}

function vector(keep: Reader["keep"], numbers: Float64Array): tf.Tensor1D {
  return keep(() => tf.tensor1d(Float32Array.from(numbers)));
}
