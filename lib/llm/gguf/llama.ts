import type { Checkpoint, StoredTensor } from "../../checkpoint/checkpoint.ts";
import type { RawConfig } from "../../checkpoint/config-fields.ts";
import { fieldsOfGguf } from "./fields.ts";

/** A Llama of a GGUF file, as Hugging Face's library would have it. */
export interface GgufLlama {
  /** config.json */
  readonly config: RawConfig;
  /** Its tensors by their official names, rows in the official order. */
  readonly checkpoint: Checkpoint;
}

const caller = "openGgufLlama";

/**
 * A GGUF file's Llama under Hugging Face's names: nothing is read yet.
 *
 * llama.cpp turns neighbours in a head, Hugging Face halves, so its converter
 * has put the rows of queries and keys into another order; it is undone here.
 *
 * @param gguf - stays the caller's to close
 * @throws RangeError for another architecture, which is named
 */
export function openGgufLlama(gguf: Checkpoint): GgufLlama {
  const config = configOf(gguf);
  const names = new Map(
    [...gguf.tensors.keys()].map((name) => [officialName(name), name] as const),
  );
  const heads = {
    q: Number(config.num_attention_heads),
    k: Number(config.num_key_value_heads),
  };
  const originalOf = (name: string) => {
    const original = names.get(name);
    if (original !== undefined) return original;
    throw new RangeError(`${caller}: unknown tensor "${name}" (${gguf.name})`);
  };
  return {
    config,
    checkpoint: {
      name: gguf.name,
      tensors: new Map(
        [...names].map(([name, original]) => [
          name,
          gguf.tensors.get(original)!,
        ]),
      ),
      close: gguf.close,
      read: async (name) => {
        const tensor = await gguf.read(originalOf(name));
        const [, kind] = /\.([qk])_proj\.weight$/.exec(name) ?? [];
        if (kind !== "q" && kind !== "k") return tensor;
        return inHalves(tensor, { nHeads: heads[kind], name });
      },
    },
  };
}

/** What a Llama may have that no code here handles. */
const strange = [
  "llama.expert_count",
  "llama.rope.scaling.type",
  "llama.rope.scale_linear",
];

function configOf(gguf: Checkpoint): RawConfig {
  const fields = fieldsOfGguf(caller, gguf);
  const architecture = fields.text("general.architecture");
  if (architecture !== "llama") {
    throw new RangeError(
      `${caller}: expected the architecture "llama", ` +
        `got ${JSON.stringify(architecture.slice(0, 80))} (${gguf.name})`,
    );
  }
  for (const key of strange) {
    const value = gguf.header?.get(key);
    if (value === undefined || value === 0 || value === "none") continue;
    throw new RangeError(
      `${caller}: expected a Llama without ${key}, ` +
        `got ${String(value).slice(0, 80)} (${gguf.name})`,
    );
  }
  const at = (key: string) => `llama.${key}`;
  const width = fields.count(at("embedding_length"));
  const nHeads = fields.count(at("attention.head_count"));
  const headWidth = fields.count(at("attention.key_length"), width / nHeads);
  const turned = fields.count(at("rope.dimension_count"), headWidth);
  if (turned !== headWidth || !Number.isInteger(headWidth)) {
    throw new RangeError(
      `${caller}: expected whole heads that turn, got ${turned} turning of ` +
        `${headWidth} numbers in each of ${nHeads} (${gguf.name})`,
    );
  }
  const [V] = gguf.tensors.get("token_embd.weight")?.shape ?? [];
  return {
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    hidden_act: "silu",
    attention_bias: false,
    mlp_bias: false,
    hidden_size: width,
    intermediate_size: fields.count(at("feed_forward_length")),
    num_hidden_layers: fields.count(at("block_count")),
    num_attention_heads: nHeads,
    num_key_value_heads: fields.count(at("attention.head_count_kv"), nHeads),
    head_dim: headWidth,
    vocab_size: fields.count(at("vocab_size"), V),
    max_position_embeddings: fields.count(at("context_length")),
    rms_norm_eps: fields.positive(at("attention.layer_norm_rms_epsilon")),
    rope_theta: fields.positive(at("rope.freq_base"), 10_000),
    rope_scaling: null,
    tie_word_embeddings: !gguf.tensors.has("output.weight"),
  };
}

const outside: Readonly<Record<string, string>> = {
  "token_embd.weight": "model.embed_tokens.weight",
  "output_norm.weight": "model.norm.weight",
  "output.weight": "lm_head.weight",
};

const ofLayer: Readonly<Record<string, string>> = {
  attn_norm: "input_layernorm",
  attn_q: "self_attn.q_proj",
  attn_k: "self_attn.k_proj",
  attn_v: "self_attn.v_proj",
  attn_output: "self_attn.o_proj",
  ffn_norm: "post_attention_layernorm",
  ffn_gate: "mlp.gate_proj",
  ffn_up: "mlp.up_proj",
  ffn_down: "mlp.down_proj",
};

/** What a model has besides is named by the check of its tensors. */
function officialName(name: string): string {
  if (Object.hasOwn(outside, name)) return outside[name];
  const [, layer, part] = /^blk\.(\d+)\.(\w+)\.weight$/.exec(name) ?? [];
  const isKnown = part !== undefined && Object.hasOwn(ofLayer, part);
  return isKnown ? `model.layers.${layer}.${ofLayer[part]}.weight` : name;
}

/**
 * Rows of a head as two halves: what was row 2 i + j is row i of half j.
 */
function inHalves(
  { shape, values }: StoredTensor,
  { name, nHeads }: { readonly nHeads: number; readonly name: string },
): StoredTensor {
  const [X, D] = shape;
  const H = X / nHeads;
  if (!Number.isInteger(H / 2)) {
    throw new RangeError(
      `${caller}: expected rows for ${nHeads} heads of an even width, ` +
        `got [${shape}] (tensor "${name}")`,
    );
  }
  const turned = new Float32Array(values.length);
  for (let x = 0; x < X; x++) {
    const inHead = x % H;
    const row = x - inHead + (inHead % 2) * (H / 2) + (inHead >> 1);
    turned.set(values.subarray(x * D, (x + 1) * D), row * D);
  }
  return { shape, values: turned };
}
