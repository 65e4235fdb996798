import { fieldsOf, type RawConfig } from "../checkpoint/config-fields.ts";
import type { LlamaConfig, RopeConfig } from "./config.ts";

/** Llama's sizes from a config.json that transformers 4 or 5 wrote. */
export function llamaConfig(raw: RawConfig): LlamaConfig {
  const fields = fieldsOf("llamaConfig", raw);
  fields.expect("model_type", "llama");
  fields.expect("hidden_act", "silu");
  fields.expect("attention_bias", false);
  fields.expect("mlp_bias", false);
  const width = fields.count("hidden_size", 2048);
  const nHeads = fields.count("num_attention_heads", 32);
  const nKvHeads = fields.count("num_key_value_heads", nHeads);
  const headWidth = fields.count("head_dim", width / nHeads);
  if (nHeads % nKvHeads !== 0 || headWidth % 2 !== 0) {
    throw new RangeError(
      `llamaConfig: expected heads of an even width and as many for each ` +
        `key/value head, got ${nHeads} heads of ${headWidth}, ` +
        `${nKvHeads} key/value heads`,
    );
  }
  return {
    name: "llama",
    nLayers: fields.count("num_hidden_layers", 16),
    width,
    ffnWidth: fields.count("intermediate_size", 8192),
    nHeads,
    nKvHeads,
    headWidth,
    vocabularySize: fields.count("vocab_size", 128_256),
    contextLength: fields.count("max_position_embeddings", 131_072),
    rope: ropeConfig(raw),
    normEpsilon: fields.positive("rms_norm_eps", 1e-6),
    // The official class has a table of its own unless the file says so.
    ...(fields.flag("tie_word_embeddings", false)
      ? {}
      : { hasUnembedding: true }),
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
  if (type === "linear") {
    return { theta, divisor: inner.positive("factor", 1) };
  }
  if (type !== "llama3") {
    throw new RangeError(
      `llamaConfig: expected rope_type "llama3", "linear" or "default", ` +
        `got "${type}"`,
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
