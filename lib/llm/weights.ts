import * as tf from "@tensorflow/tfjs";
import { tidyTree } from "../tensor/params.ts";
import type { StoredTensor } from "../tensor/safetensors.ts";
import type { LlamaConfig } from "./config.ts";
import type { Block, Llama } from "./llama.ts";

/**
 * Our parameter tree from the tensors of a Hugging Face Llama.
 *
 * Their matrices are output-by-input, ours input-by-output; queries, keys and
 * values become one matrix, gate and up another. The embedding is tied.
 */
export function llamaWeights(
  stored: ReadonlyMap<string, StoredTensor>,
  { nLayers }: LlamaConfig,
): Llama {
  const read = (name: string): tf.Tensor => {
    const tensor = stored.get(name);
    if (!tensor) {
      throw new RangeError(
        `llamaWeights: expected tensor "${name}", got ${stored.size} others`,
      );
    }
    return tf.tensor(tensor.values, [...tensor.shape]);
  };
  const turned = (layer: string, names: readonly string[]) =>
    tf
      .concat(
        names.map((name) => read(`${layer}.${name}.weight`)),
        0,
      )
      .transpose() as tf.Tensor2D;
  const block = (i: number): Block => {
    const layer = `model.layers.${i}`;
    const heads = ["q_proj", "k_proj", "v_proj"];
    return {
      attnNorm_D: read(`${layer}.input_layernorm.weight`) as tf.Tensor1D,
      queryKeyValue_DX: turned(
        layer,
        heads.map((name) => `self_attn.${name}`),
      ),
      output_XD: turned(layer, ["self_attn.o_proj"]),
      ffnNorm_D: read(
        `${layer}.post_attention_layernorm.weight`,
      ) as tf.Tensor1D,
      gateUp_DX: turned(layer, ["mlp.gate_proj", "mlp.up_proj"]),
      down_WD: turned(layer, ["mlp.down_proj"]),
    };
  };
  return tidyTree(() => ({
    embedding_VD: read("model.embed_tokens.weight") as tf.Tensor2D,
    blocks: Array.from({ length: nLayers }, (_, i) => block(i)),
    finalNorm_D: read("model.norm.weight") as tf.Tensor1D,
  }));
}
