import * as tf from "@tensorflow/tfjs";
import type { Checkpoint } from "../../checkpoint/checkpoint.ts";
import type { Shapes } from "../../checkpoint/match.ts";
import { type Reader, readModel } from "../../checkpoint/reader.ts";
import { foldBatchNorm } from "../../tensor/conv.ts";
import type { Htsat, HtsatBlock, HtsatStage } from "../htsat.ts";
import { type HtsatConfig, stageGrid } from "../htsat-config.ts";
import { scoreBias } from "../htsat-windows.ts";
import { fromLaion, isLaion } from "./laion.ts";

const prefix = /^(audio_model\.)?audio_encoder\./;

/** Parts of CLAP that are not its audio tower. */
const besides =
  /^(audio_model\.)?(audio_projection|text_model|text_projection|logit_scale)/;

/** Buffers that follow from the sizes. */
const derived = /(\.relative_position_index|\.num_batches_tracked)$/;

/** The epsilon of the batch norm, which no config names. */
const batchNormEpsilon = 1e-5;

/**
 * Name of a tensor of CLAP's audio tower without its prefix; undefined for
 * CLAP's other parts and for buffers that are computed anew.
 */
export function htsatName(name: string): string | undefined {
  if (besides.test(name) || derived.test(name)) return undefined;
  return name.replace(prefix, "");
}

/**
 * Reads HTSAT from a checkpoint of CLAP or of its audio tower alone, with the
 * names of transformers or of LAION's own code.
 */
export async function loadHtsat(
  checkpoint: Checkpoint,
  config: HtsatConfig,
): Promise<Htsat> {
  const named = isLaion(checkpoint) ? fromLaion(checkpoint) : checkpoint;
  return readModel(named, {
    caller: "loadHtsat",
    rename: htsatName,
    wanted: () => htsatShapes(config),
    build: (reader) => buildHtsat(reader, config),
  });
}

/** Names and shapes of the tower's tensors. */
export function htsatShapes(config: HtsatConfig): Shapes {
  const { depths, melBands, patch, patchWidth } = config;
  const last = patchWidth * 2 ** (depths.length - 1);
  const norm = (name: string, width: number) => [
    [`${name}.weight`, [width]] as const,
    [`${name}.bias`, [width]] as const,
  ];
  const stages = depths.flatMap((nBlocks, s) => [
    ...Array.from({ length: nBlocks }, (_, b) =>
      blockShapes(config, s, `layers.${s}.blocks.${b}`),
    ).flat(),
    ...(s < depths.length - 1 ? mergeShapes(`layers.${s}`, config, s) : []),
  ]);
  return new Map<string, readonly number[]>([
    ["patch_embed.proj.weight", [patchWidth, 1, patch, patch]],
    ["patch_embed.proj.bias", [patchWidth]],
    ...norm("patch_embed.norm", patchWidth),
    ...stages,
    ...norm("norm", last),
    ...norm("batch_norm", melBands),
    ["batch_norm.running_mean", [melBands]],
    ["batch_norm.running_var", [melBands]],
  ]);
}

type NamedShape = readonly [string, readonly number[]];

function mergeShapes(
  name: string,
  { patchWidth }: HtsatConfig,
  stage: number,
): NamedShape[] {
  const width = patchWidth * 2 ** stage;
  return [
    [`${name}.downsample.norm.weight`, [4 * width]],
    [`${name}.downsample.norm.bias`, [4 * width]],
    [`${name}.downsample.reduction.weight`, [2 * width, 4 * width]],
  ];
}

function blockShapes(
  config: HtsatConfig,
  stage: number,
  name: string,
): NamedShape[] {
  const width = config.patchWidth * 2 ** stage;
  const hidden = Math.floor(config.mlpRatio * width);
  const matrix = (part: string, from: number, to: number): NamedShape[] => [
    [`${name}.${part}.weight`, [to, from]],
    [`${name}.${part}.bias`, [to]],
  ];
  const norm = (part: string): NamedShape[] => [
    [`${name}.${part}.weight`, [width]],
    [`${name}.${part}.bias`, [width]],
  ];
  const asking = ["query", "key", "value"].flatMap((part) =>
    matrix(`attention.self.${part}`, width, width).slice(
      0,
      config.hasQueryKeyValueBias ? 2 : 1,
    ),
  );
  const table = (2 * config.window - 1) ** 2;
  return [
    ...norm("layernorm_before"),
    ...asking,
    [
      `${name}.attention.self.relative_position_bias_table`,
      [table, config.nHeads[stage]],
    ],
    ...matrix("attention.output.dense", width, width),
    ...norm("layernorm_after"),
    ...matrix("intermediate.dense", width, hidden),
    ...matrix("output.dense", hidden, width),
  ];
}

async function buildHtsat(reader: Reader, config: HtsatConfig): Promise<Htsat> {
  const stages: HtsatStage[] = [];
  for (const [s] of config.depths.entries()) {
    stages.push(await buildStage(reader, config, s));
  }
  return {
    ...(await buildMelNorm(reader)),
    patch: await reader.affine("patch_embed.proj"),
    patchNorm: await reader.norm("patch_embed.norm"),
    stages,
    outputNorm: await reader.norm("norm"),
  };
}

async function buildStage(
  reader: Reader,
  config: HtsatConfig,
  stage: number,
): Promise<HtsatStage> {
  const blocks: HtsatBlock[] = [];
  for (let b = 0; b < config.depths[stage]; b++) {
    const shape = {
      grid: stageGrid(config, stage),
      isShifted: b % 2 === 1,
      window: config.window,
    };
    const name = `layers.${stage}.blocks.${b}`;
    blocks.push(await buildBlock(reader, name, { config, stage, shape }));
  }
  if (stage === config.depths.length - 1) return { blocks };
  const name = `layers.${stage}.downsample`;
  const norm = await reader.norm(`${name}.norm`);
  const weight_EX = await reader.matrix(`${name}.reduction.weight`);
  return { blocks, merge: { norm, weight_EX } };
}

async function buildBlock(
  { affine, keep, norm, plain }: Reader,
  name: string,
  {
    config: { nHeads },
    shape,
    stage,
  }: {
    readonly config: HtsatConfig;
    readonly stage: number;
    readonly shape: Parameters<typeof scoreBias>[1];
  },
): Promise<HtsatBlock> {
  const asking = ["query", "key", "value"].map(
    (part) => `${name}.attention.self.${part}`,
  );
  const table = await plain(
    `${name}.attention.self.relative_position_bias_table`,
  );
  const { groups, values } = scoreBias(table.values, shape, nHeads[stage]);
  const M = shape.window ** 2;
  return {
    attentionNorm: await norm(`${name}.layernorm_before`),
    attention: {
      queryKeyValue: await affine(...asking),
      output: await affine(`${name}.attention.output.dense`),
    },
    bias_XMM: keep(() => tf.tensor3d(values, [groups * nHeads[stage], M, M])),
    mlpNorm: await norm(`${name}.layernorm_after`),
    mlp: {
      up: await affine(`${name}.intermediate.dense`),
      down: await affine(`${name}.output.dense`),
    },
  };
}

/** The batch norm with its stored mean and variance, as scale and shift. */
async function buildMelNorm({ keep, plain }: Reader) {
  const read = async (name: string) =>
    (await plain(`batch_norm.${name}`)).values;
  const { scale, shift } = foldBatchNorm({
    mean: await read("running_mean"),
    variance: await read("running_var"),
    weight: await read("weight"),
    bias: await read("bias"),
    epsilon: batchNormEpsilon,
  });
  return {
    melScale_L: keep(() => tf.tensor1d(Float32Array.from(scale))),
    melShift_L: keep(() => tf.tensor1d(Float32Array.from(shift))),
  };
}
