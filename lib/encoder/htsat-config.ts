import { fieldsOf, type RawConfig } from "../checkpoint/config-fields.ts";

/** Sizes of HTSAT, CLAP's audio tower: a Swin transformer. */
export interface HtsatConfig {
  /** Blocks of each stage. */
  readonly depths: readonly number[];
  readonly nHeads: readonly number[];
  /** Of a patch; it doubles from stage to stage. */
  readonly patchWidth: number;
  readonly mlpRatio: number;
  /** Pixels on a side of the folded image. */
  readonly imageSize: number;
  /** Pixels on a side of a patch. */
  readonly patch: number;
  /** Cells on a side of an attention window. */
  readonly window: number;
  readonly melBands: number;
  readonly hasQueryKeyValueBias: boolean;
  readonly normEpsilon: number;
}

/** HTSAT's sizes from a config.json, CLAP's or its audio part alone. */
export function htsatConfig(raw: RawConfig): HtsatConfig {
  const audio = (raw.audio_config as RawConfig | undefined) ?? raw;
  const fields = fieldsOf("htsatConfig", audio);
  const patch = fields.count("patch_size", 4);
  fields.expect("patch_stride", [patch, patch]);
  fields.expect("patch_embed_input_channels", 1);
  fields.expect("enable_fusion", false);
  fields.expect("enable_patch_layer_norm", true);
  fields.expect("flatten_patch_embeds", true);
  fields.expect("hidden_act", "gelu");
  const config: HtsatConfig = {
    depths: fields.counts("depths", [2, 2, 6, 2]),
    nHeads: fields.counts("num_attention_heads", [4, 8, 16, 32]),
    patchWidth: fields.count("patch_embeds_hidden_size", 96),
    mlpRatio: fields.positive("mlp_ratio", 4),
    imageSize: fields.count("spec_size", 256),
    patch,
    window: fields.count("window_size", 8),
    melBands: fields.count("num_mel_bins", 64),
    hasQueryKeyValueBias: fields.flag("qkv_bias", true),
    normEpsilon: fields.positive("layer_norm_eps", 1e-5),
  };
  checkGeometry(config);
  return config;
}

/** Every cut of the image must come out whole. */
function checkGeometry(config: HtsatConfig): void {
  const { depths, imageSize, melBands, nHeads, patch, window } = config;
  const chunks = imageSize / melBands;
  const last = stageGrid(config, depths.length - 1);
  const isWhole =
    Number.isInteger(chunks) &&
    Number.isInteger(last) &&
    last % chunks === 0 &&
    last >= window &&
    nHeads.length === depths.length;
  if (isWhole) return;
  throw new RangeError(
    `htsatConfig: expected an image that folds into whole chunks, patches, ` +
      `stages and windows, got spec_size ${imageSize}, num_mel_bins ` +
      `${melBands}, patch_size ${patch}, window_size ${window}, depths ` +
      `[${depths}], num_attention_heads [${nHeads}] (last grid ${last})`,
  );
}

/** Cells on a side of a stage's grid. */
export function stageGrid(config: HtsatConfig, stage: number): number {
  return config.imageSize / config.patch / 2 ** stage;
}
