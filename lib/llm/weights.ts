import { readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { type Checkpoint, openCheckpoint } from "../checkpoint/checkpoint.ts";
import { readConfig } from "../checkpoint/config-fields.ts";
import type { Renamed, Shapes } from "../checkpoint/match.ts";
import { type Reader, readModel } from "../checkpoint/reader.ts";
import { packBfloat16 } from "../tensor/bfloat16.ts";
import { mapTensors } from "../tensor/params.ts";
import type { LlamaConfig } from "./config.ts";
import { llamaConfig } from "./hf-config.ts";
import type { Block, Llama } from "./llama.ts";

const embedding = "model.embed_tokens.weight";
const unembedding = "lm_head.weight";

export interface OpenOptions {
  /**
   * How matrices are kept: "bfloat16" takes half the memory and, one token
   * after the other, half the time; it is for reading alone, and rounds what is
   * not bfloat16 in the file. Default "float32".
   */
  readonly weights?: "float32" | "bfloat16";
}

/**
 * Opens a Llama from a folder as Hugging Face's library writes it:
 * config.json beside model.safetensors, whole or in shards.
 *
 * @returns the weights belong to the caller
 */
export async function openLlama(
  folder: string,
  options: OpenOptions = {},
): Promise<{ readonly config: LlamaConfig; readonly llama: Llama }> {
  const raw = readConfig("openLlama", join(folder, "config.json"));
  if (raw === undefined) {
    const present = await readdir(folder).catch(() => undefined);
    throw new Error(
      `openLlama: expected a folder with config.json and model.safetensors, ` +
        `got ${present?.slice(0, 20).join(", ") ?? "no folder"} (${folder})`,
    );
  }
  const config = { ...llamaConfig(raw), name: basename(resolve(folder)) };
  const checkpoint = await openCheckpoint(folder);
  try {
    return { config, llama: await llamaWeights(checkpoint, config, options) };
  } finally {
    await checkpoint.close();
  }
}

/**
 * Our parameter tree from the tensors of a Hugging Face Llama.
 *
 * Their matrices are output-by-input, ours input-by-output; keys and values
 * become one matrix, gate and up another. Tensors are read one by one,
 * so that little more than the weights is ever in memory. Where the embedding
 * is tied and a file stores the unembedding as well, both must be equal.
 */
export async function llamaWeights(
  checkpoint: Checkpoint,
  config: LlamaConfig,
  { weights = "float32" }: OpenOptions = {},
): Promise<Llama> {
  if (weights !== "float32" && weights !== "bfloat16") {
    throw new RangeError(
      `llamaWeights: expected weights "float32" or "bfloat16", got "${weights}"`,
    );
  }
  const names = [...checkpoint.tensors.keys()];
  const wanted = llamaShapes(config);
  if (!names.some((name) => wanted.has(llamaName(name) ?? ""))) {
    throw new RangeError(
      `llamaWeights: expected a Llama, got other tensors, ` +
        `like "${names[0] ?? ""}" (${checkpoint.name})`,
    );
  }
  return readModel(checkpoint, {
    caller: "llamaWeights",
    rename: llamaName,
    wanted: (found) => llamaShapes(config, found),
    build: (reader) => buildLlama(reader, config, weights === "bfloat16"),
  });
}

/**
 * The model with its matrices as bfloat16, two to an int32: half the memory and,
 * one token after the other, half the time, for reading alone.
 *
 * @returns a model of its own; the old one stays the caller's
 */
export function packLlama(llama: Llama): Llama {
  const packRows = (rows_XD: tf.Tensor2D) =>
    packBfloat16(rows_XD.dataSync<"float32">(), rows_XD.shape);
  const pack = (leaf: tf.Tensor): tf.Tensor =>
    leaf.rank === 2
      ? tf.tidy(() => packRows(leaf.transpose() as tf.Tensor2D))
      : leaf.clone();
  const { unembedding_VD } = llama;
  return {
    embedding_VD: packRows(llama.embedding_VD),
    blocks: mapTensors(llama.blocks, pack),
    finalNorm_D: llama.finalNorm_D.clone(),
    ...(unembedding_VD ? { unembedding_VD: packRows(unembedding_VD) } : {}),
  };
}

/** Official name of a tensor; some exports leave the leading "model." out. */
function llamaName(name: string): string | undefined {
  if (name.endsWith("rotary_emb.inv_freq")) return undefined; // from the config
  if (name === unembedding || name.startsWith("model.")) return name;
  return `model.${name}`;
}

/** Names and shapes of the model's tensors. */
export function llamaShapes(
  {
    ffnWidth: W,
    headWidth: H,
    nHeads,
    nKvHeads,
    nLayers,
    ...rest
  }: LlamaConfig,
  found: Renamed["tensors"] = new Map(),
): Shapes {
  const { vocabularySize: V, width: D } = rest;
  const block = (i: number) =>
    Object.entries({
      input_layernorm: [D],
      "self_attn.q_proj": [nHeads * H, D],
      "self_attn.k_proj": [nKvHeads * H, D],
      "self_attn.v_proj": [nKvHeads * H, D],
      "self_attn.o_proj": [D, nHeads * H],
      post_attention_layernorm: [D],
      "mlp.gate_proj": [W, D],
      "mlp.up_proj": [W, D],
      "mlp.down_proj": [D, W],
    }).map(([name, shape]) => [tensorOf(i, name), shape] as const);
  return new Map<string, readonly number[]>([
    [embedding, [V, D]],
    ...(rest.hasUnembedding || found.has(unembedding)
      ? [[unembedding, [V, D]] as const]
      : []),
    ...Array.from({ length: nLayers }, (_, i) => block(i)).flat(),
    ["model.norm.weight", [D]],
  ]);
}

const tensorOf = (layer: number, name: string) =>
  `model.layers.${layer}.${name}.weight`;

async function buildLlama(
  reader: Reader,
  { hasUnembedding, nLayers, vocabularySize: V, width: D }: LlamaConfig,
  packs: boolean,
): Promise<Llama> {
  const table = (values: Float32Array) =>
    reader.keep(() =>
      packs
        ? packBfloat16(values, [V, D])
        : tf.tensor2d(values, [V, D], "float32"),
    );
  const embedding_VD = table(await readEmbedding(reader, !hasUnembedding));
  const matrix = packs ? reader.packed : reader.matrix;
  const blocks: Block[] = [];
  for (let i = 0; i < nLayers; i++) {
    blocks.push(await buildBlock({ ...reader, matrix }, i));
  }
  const finalNorm_D = await reader.vector("model.norm.weight");
  if (!hasUnembedding) return { embedding_VD, blocks, finalNorm_D };
  const { values } = await reader.plain(unembedding);
  const unembedding_VD = table(values as Float32Array);
  return { embedding_VD, blocks, finalNorm_D, unembedding_VD };
}

async function buildBlock(
  { matrix, vector }: Reader,
  layer: number,
): Promise<Block> {
  const at = (name: string) => tensorOf(layer, name);
  return {
    attnNorm_D: await vector(at("input_layernorm")),
    query_DX: await matrix(at("self_attn.q_proj")),
    keyValue_DX: await matrix(at("self_attn.k_proj"), at("self_attn.v_proj")),
    output_XD: await matrix(at("self_attn.o_proj")),
    ffnNorm_D: await vector(at("post_attention_layernorm")),
    gateUp_DX: await matrix(at("mlp.gate_proj"), at("mlp.up_proj")),
    down_WD: await matrix(at("mlp.down_proj")),
  };
}

/** The embedding, read first: with its copy it is the largest. */
async function readEmbedding(
  { has, plain }: Reader,
  isTied: boolean,
): Promise<Float32Array> {
  const values = (await plain(embedding)).values as Float32Array;
  if (isTied && has(unembedding)) {
    const other = (await plain(unembedding)).values;
    const at = values.findIndex((value, i) => value !== other[i]);
    if (at !== -1) {
      throw new RangeError(
        `llamaWeights: expected ${unembedding} equal to ${embedding}, ` +
          `got ${other[at]} for ${values[at]} at ${at}; the embedding is tied`,
      );
    }
  }
  return values;
}
