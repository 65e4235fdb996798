import type { Checkpoint, TensorInfo } from "../../checkpoint/checkpoint.ts";
import type { RawConfig } from "../../checkpoint/config-fields.ts";

/** Where LAION's own files keep the audio tower. */
const tower = /^(module\.)?audio_branch\./;

/** Parts of it that make spectra, classify, or are computed anew. */
const besides =
  /^(spectrogram_extractor|logmel_extractor|tscam_conv|head)\.|\.attn_mask$/;

/** LAION's names of a block's parts, and those that transformers gives. */
const parts: readonly (readonly [RegExp, string])[] = [
  [/^bn0\./, "batch_norm."],
  [/(\.blocks\.\d+)\.norm1\./, "$1.layernorm_before."],
  [/(\.blocks\.\d+)\.norm2\./, "$1.layernorm_after."],
  [/\.attn\.proj\./, ".attention.output.dense."],
  [/\.attn\.relative_position_/, ".attention.self.relative_position_"],
  [/\.mlp\.fc1\./, ".intermediate.dense."],
  [/\.mlp\.fc2\./, ".output.dense."],
];

/** Whether the tensors have the names of LAION's own code. */
export function isLaion({ tensors }: Checkpoint): boolean {
  return [...tensors.keys()].some((name) => tower.test(name));
}

/** One tensor of ours: a whole one of the file, or a third of its rows. */
interface Origin {
  readonly name: string;
  readonly third?: number;
}

/**
 * The audio tower of LAION's own CLAP files under the names of transformers;
 * each stack of queries, keys and values is cut into the three.
 */
export function fromLaion(checkpoint: Checkpoint): Checkpoint {
  const origins = new Map<string, Origin>();
  const tensors = new Map<string, TensorInfo>();
  for (const [name, info] of checkpoint.tensors) {
    const bare = name.replace(tower, "");
    if (!tower.test(name) || besides.test(bare)) continue;
    if (bare.includes(".attn.qkv.")) {
      const [rows, ...rest] = info.shape;
      for (const [third, part] of ["query", "key", "value"].entries()) {
        const ours = bare.replace(".attn.qkv.", `.attention.self.${part}.`);
        origins.set(ours, { name, third });
        tensors.set(ours, { ...info, shape: [rows / 3, ...rest] });
      }
    } else {
      const rename = (done: string, [from, to]: (typeof parts)[number]) =>
        done.replace(from, to);
      const ours = parts.reduce(rename, bare);
      origins.set(ours, { name });
      tensors.set(ours, info);
    }
  }
  const read: Checkpoint["read"] = async (ours) => {
    const { name, third } = origins.get(ours) ?? { name: ours };
    const { shape, values } = await checkpoint.read(name);
    if (third === undefined) return { shape, values };
    const length = values.length / 3;
    return {
      shape: tensors.get(ours)!.shape,
      values: values.slice(third * length, (third + 1) * length),
    };
  };
  return { ...checkpoint, tensors, read };
}

/**
 * Sizes of LAION's tower, whose files have no config.json, by its tensors; what
 * they do not tell is the same in all of its towers.
 */
export function laionConfig(checkpoint: Checkpoint): RawConfig {
  const { tensors } = fromLaion(checkpoint);
  const depths: number[] = [];
  for (const name of tensors.keys()) {
    const [, stage, block] =
      /^layers\.(\d)\.blocks\.(\d{1,2})\./.exec(name) ?? [];
    if (stage === undefined) continue;
    depths[Number(stage)] = Math.max(
      depths[Number(stage)] ?? 0,
      Number(block) + 1,
    );
  }
  const patchWidth = tensors.get("patch_embed.proj.weight")?.shape[0];
  return { patch_embeds_hidden_size: patchWidth, depths };
}
