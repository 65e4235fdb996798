import * as tf from "@tensorflow/tfjs";
import type { Checkpoint, StoredTensor } from "../../checkpoint/checkpoint.ts";
import { fieldsOf, type RawConfig } from "../../encoder/config-fields.ts";
import type { LlamaConfig, RopeConfig } from "../../llm/config.ts";
import { type Llama, runLlama } from "../../llm/llama.ts";
import { inverseFrequencies } from "../../llm/rope.ts";
import { llamaWeights } from "../../llm/weights.ts";
import { rmsNorm } from "../../tensor/layers.ts";
import { disposeTensors } from "../../tensor/params.ts";
import {
  collector,
  type Fixture,
  input,
  type Kind,
  numbersOf,
} from "./fixture.ts";

export const llamaKind: Kind = {
  name: "llama",
  isOf: ({ model }) => !!model?.tensors.has("model.embed_tokens.weight"),
  inputs: ["input_ids"],
  tolerance: (tensor) => ({ max: tensor === "generated" ? 0 : 1e-4 }),
  run: async (fixture) => {
    const config = llamaConfig(fixture.config);
    const llama = llamaWeights(await readAll(fixture.model!), config);
    const outputs = forward(llama, fixture, config);
    outputs.set("inv_freq", frequencies(config));
    const generated = fixture.io.get("generated");
    if (generated) {
      const ids = input(fixture, "input_ids");
      outputs.set("generated", continued(llama, generated, { config, ids }));
    }
    disposeTensors(llama);
    return outputs;
  },
};

/** Llama's sizes from a config.json of transformers 4 or 5. */
export function llamaConfig(raw: RawConfig): LlamaConfig {
  const fields = fieldsOf("llamaConfig", raw);
  fields.expect("tie_word_embeddings", true);
  fields.expect("hidden_act", "silu");
  const width = fields.count("hidden_size", 2048);
  const nHeads = fields.count("num_attention_heads", 32);
  return {
    name: "llama",
    nLayers: fields.count("num_hidden_layers", 16),
    width,
    ffnWidth: fields.count("intermediate_size", 8192),
    nHeads,
    nKvHeads: fields.count("num_key_value_heads", nHeads),
    headWidth: fields.count("head_dim", width / nHeads),
    vocabularySize: fields.count("vocab_size", 128_256),
    rope: ropeConfig(raw),
    normEpsilon: fields.positive("rms_norm_eps", 1e-6),
  };
}

/** Version 5 of transformers keeps all of it under `rope_parameters`. */
function ropeConfig(raw: RawConfig): RopeConfig {
  const rope = (raw.rope_parameters ?? raw.rope_scaling ?? {}) as RawConfig;
  const outer = fieldsOf("llamaConfig", raw);
  const inner = fieldsOf("llamaConfig", rope);
  const theta = inner.positive(
    "rope_theta",
    outer.positive("rope_theta", 10_000),
  );
  const type = rope.rope_type ?? rope.type ?? "default";
  if (type === "default") return { theta };
  if (type !== "llama3") {
    throw new RangeError(
      `llamaConfig: expected rope_type "llama3" or "default", got "${type}"`,
    );
  }
  const scaling = {
    factor: inner.positive("factor", 32),
    lowFrequencyFactor: inner.positive("low_freq_factor", 1),
    highFrequencyFactor: inner.positive("high_freq_factor", 4),
    originalLength: inner.count("original_max_position_embeddings", 8192),
  };
  return { theta, scaling };
}

async function readAll(model: Checkpoint) {
  const stored = new Map<string, StoredTensor>();
  for (const name of model.tensors.keys()) {
    stored.set(name, await model.read(name));
  }
  return stored;
}

function tokensOf(rows: ArrayLike<number>, B: number): tf.Tensor2D {
  const ids = Int32Array.from(rows);
  return tf.tensor2d(ids, [B, ids.length / B], "int32");
}

function forward(
  llama: Llama,
  fixture: Fixture,
  config: LlamaConfig,
): Map<string, StoredTensor> {
  const { shape, values } = input(fixture, "input_ids");
  const { found, tap } = collector((hook) => {
    if (hook === "hook_embed") return "hidden_0";
    const layer = /^blocks\.(\d+)\.hook_resid_post$/.exec(hook)?.[1];
    return layer && `hidden_${Number(layer) + 1}`;
  });
  const logits = numbersOf(() =>
    runLlama(llama, tokensOf(values, shape[0]), { config, tap }),
  );
  // The official last hidden state is the one after the final norm.
  const last = found.get(`hidden_${config.nLayers}`)!;
  const normed = numbersOf(() =>
    rmsNorm(
      tf.tensor(last.values, [...last.shape]),
      llama.finalNorm_D,
      config.normEpsilon,
    ),
  );
  return found.set(`hidden_${config.nLayers}`, normed).set("logits", logits);
}

function frequencies({ headWidth, rope }: LlamaConfig): StoredTensor {
  const values = Float32Array.from(inverseFrequencies(headWidth, rope));
  return { shape: [values.length], values };
}

/** Continues each prompt with the best token, to the expected length. */
function continued(
  llama: Llama,
  { shape, values }: StoredTensor,
  { config, ids }: { config: LlamaConfig; ids: StoredTensor },
): StoredTensor {
  const [B, length] = shape;
  const rows = Array.from({ length: B }, (_, b) => {
    const wanted = values.slice(b * length, (b + 1) * length);
    const given = ids.values.slice((b * ids.values.length) / B);
    const row = [...given.slice(0, promptLength(wanted, given))];
    while (row.length < length) row.push(nextToken(llama, row, config));
    return row;
  });
  return { shape, values: Int32Array.from(rows.flat()) };
}

/** A generated row starts with a part of the input: its prompt. */
function promptLength(
  row: ArrayLike<number>,
  given: ArrayLike<number>,
): number {
  let length = 0;
  while (length < row.length - 1 && row[length] === given[length]) length++;
  return length;
}

function nextToken(
  llama: Llama,
  row: readonly number[],
  config: LlamaConfig,
): number {
  const { values } = numbersOf(() => {
    const logits_BTV = runLlama(llama, tokensOf(row, 1), { config });
    const [, T, V] = logits_BTV.shape;
    return logits_BTV.slice([0, T - 1, 0], [1, 1, V]);
  });
  let best = 0;
  values.forEach((score, token) => {
    if (score > values[best]) best = token;
  });
  return best;
}
