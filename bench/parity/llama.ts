import * as tf from "@tensorflow/tfjs";
import type { StoredTensor } from "../../lib/checkpoint/checkpoint.ts";
import type { LlamaConfig } from "../../lib/llm/config.ts";
import { llamaConfig } from "../../lib/llm/hf-config.ts";
import { type Llama, runLlama } from "../../lib/llm/llama.ts";
import { inverseFrequencies } from "../../lib/llm/rope.ts";
import { llamaWeights } from "../../lib/llm/weights.ts";
import { rmsNorm } from "../../lib/tensor/layers.ts";
import { disposeTensors } from "../../lib/tensor/params.ts";
import { collector, input, type Kind, numbersOf } from "./fixture.ts";

export const llamaKind: Kind = {
  name: "llama",
  isOf: ({ model }) => !!model?.tensors.has("model.embed_tokens.weight"),
  inputs: ["input_ids"],
  tolerance: (tensor) => ({ max: tensor === "generated" ? 0 : 1e-4 }),
  run: async (fixture) => {
    const config = llamaConfig(fixture.config);
    const llama = await llamaWeights(fixture.model!, config);
    const { shape, values } = input(fixture, "input_ids");
    const outputs = forward(llama, tokensOf(values, shape[0]), config);
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

function tokensOf(rows: ArrayLike<number>, B: number): tf.Tensor2D {
  const ids = Int32Array.from(rows);
  return tf.tensor2d(ids, [B, ids.length / B], "int32");
}

/** Every layer's stream and the scores, by the official names. */
export function forward(
  llama: Llama,
  tokens_BT: tf.Tensor2D,
  config: LlamaConfig,
): Map<string, StoredTensor> {
  const { found, tap } = collector((hook) => {
    if (hook === "hook_embed") return "hidden_0";
    const layer = /^blocks\.(\d+)\.hook_resid_post$/.exec(hook)?.[1];
    return layer && `hidden_${Number(layer) + 1}`;
  });
  const logits = numbersOf(() => runLlama(llama, tokens_BT, { config, tap }));
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
