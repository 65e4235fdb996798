import * as tf from "@tensorflow/tfjs";
import { fieldsOf, type RawConfig } from "../checkpoint/config-fields.ts";
import { dims } from "../tensor/shapes.ts";
import { noTap, type Tap } from "../tensor/tap.ts";
import {
  type Affine,
  type Attention,
  affine,
  layerNorm,
  type Mlp,
  mlp,
  type Norm,
  selfAttention,
} from "../tensor/transformer.ts";

/** Sizes of SSLAM, a ViT over patches of a log-mel image. */
export interface SslamConfig {
  readonly nLayers: number;
  /** Of the residual stream, E. */
  readonly width: number;
  /** Of the MLP's hidden layer. */
  readonly mlpWidth: number;
  readonly nHeads: number;
  /** Frames, and mel bands, in one patch. */
  readonly patch: number;
  /** Mel bands of the image. */
  readonly melBands: number;
  /** Most patches along time that have a position. */
  readonly maxSteps: number;
  readonly normEpsilon: number;
}

/** Post-norm: each norm stands after what it normalizes was added. */
export type SslamBlock = {
  readonly attention: Attention;
  readonly attentionNorm: Norm;
  readonly mlp: Mlp;
  readonly mlpNorm: Norm;
};

export type Sslam = {
  /** Rows: the pixels of a patch, frame by frame. */
  readonly patch: Affine;
  /** Of patches, time-major; the leading token has none. */
  readonly positions_PE: tf.Tensor2D;
  /** The leading (CLS) token, which belongs to no place. */
  readonly leading_1E: tf.Tensor2D;
  readonly inputNorm: Norm;
  readonly blocks: readonly SslamBlock[];
};

/** SSLAM's sizes from a config.json with the names of its hub repository. */
export function sslamConfig(raw: RawConfig): SslamConfig {
  const fields = fieldsOf("sslamConfig", raw);
  const width = fields.count("embed_dim", 768);
  const patch = fields.count("patch_size", 16);
  fields.expect("stride", patch);
  fields.expect("in_chans", 1);
  fields.expect("qkv_bias", true);
  fields.expect("layer_norm_first", false);
  return {
    nLayers: fields.count("depth", 12),
    width,
    mlpWidth: Math.floor(width * fields.positive("mlp_ratio", 4)),
    nHeads: fields.count("num_heads", 12),
    patch,
    melBands: fields.count("mel_bins", 128),
    maxSteps: fields.count("max_length", 768),
    normEpsilon: fields.positive("norm_eps", 1e-6),
  };
}

/** What a forward pass needs besides weights and input. */
export interface SslamContext {
  readonly config: SslamConfig;
  readonly tap?: Tap;
}

/**
 * Features of each patch of a log-mel image: SSLAM after its last block.
 *
 * The leading token takes part and is then dropped.
 *
 * @param mel_BFL - normalized log-mel; F a multiple of the patch size
 * @returns features_BPE, time-major: patch P = step * bands + band
 */
export function runSslam(
  sslam: Sslam,
  mel_BFL: tf.Tensor3D,
  { config, tap = noTap }: SslamContext,
): tf.Tensor3D {
  return tf.tidy(() => {
    const x_BME = runBlocks(sslam, mel_BFL, { config, tap });
    const [B, M, E] = x_BME.shape;
    return x_BME.slice([0, 1, 0], [B, M - 1, E]);
  });
}

/** All positions after the last block; the leading token is position 0. */
function runBlocks(
  sslam: Sslam,
  mel_BFL: tf.Tensor3D,
  { config, tap }: Required<SslamContext>,
): tf.Tensor3D {
  const patch_BPE = tap("hook_patch", embedPatches(sslam, mel_BFL, config));
  const { B, P, E } = dims("runSslam", patch_BPE, "BPE");
  const places_PE = sslam.positions_PE.slice([0, 0], [P, E]);
  const leading_B1E = sslam.leading_1E.expandDims(0).tile([B, 1, 1]);
  let x_BME: tf.Tensor3D = tap(
    "hook_embed",
    layerNorm(
      tf.concat([leading_B1E, patch_BPE.add(places_PE)], 1) as tf.Tensor3D,
      sslam.inputNorm,
      config.normEpsilon,
    ),
  );
  sslam.blocks.forEach((block, layer) => {
    // Each block frees what it made: a batch of clips would need gigabytes.
    x_BME = tf.tidy(() => runBlock(block, x_BME, { config, layer, tap }));
  });
  return x_BME;
}

/** Cuts the image into patches, time-major, and projects each. */
function embedPatches(
  { patch, positions_PE }: Sslam,
  mel_BFL: tf.Tensor3D,
  { melBands: L, patch: size }: SslamConfig,
): tf.Tensor3D {
  const { B, F } = dims("runSslam", mel_BFL, "BFL", { L });
  const steps = F / size;
  const bands = L / size;
  const maxSteps = positions_PE.shape[0] / bands;
  if (!Number.isInteger(steps) || steps > maxSteps) {
    throw new RangeError(
      `runSslam: expected a multiple of ${size} frames, at most ` +
        `${maxSteps * size}, got ${F}`,
    );
  }
  const pixels_BPX: tf.Tensor3D = mel_BFL
    .reshape<tf.Tensor4D>([B * steps, size, bands, size])
    .transpose([0, 2, 1, 3])
    .reshape([B, steps * bands, size * size]);
  return affine(pixels_BPX, patch);
}

function runBlock(
  block: SslamBlock,
  pre_BME: tf.Tensor3D,
  {
    config: { nHeads, normEpsilon },
    layer,
    tap,
  }: Required<SslamContext> & { readonly layer: number },
): tf.Tensor3D {
  const at = (hook: string) => `blocks.${layer}.${hook}`;
  // Each part frees what it made: patterns and hidden layers are large.
  const attnOut_BME = tap(
    at("hook_attn_out"),
    tf.tidy(() => {
      const options = { nHeads, name: at("attn"), tap };
      return selfAttention(pre_BME, block.attention, options);
    }),
  );
  const addAndNorm = (x_BME: tf.Tensor3D, add_BME: tf.Tensor3D, norm: Norm) =>
    tf.tidy(() =>
      layerNorm(x_BME.add<tf.Tensor3D>(add_BME), norm, normEpsilon),
    );
  const mid_BME = tap(
    at("hook_resid_mid"),
    addAndNorm(pre_BME, attnOut_BME, block.attentionNorm),
  );
  const mlpOut_BME = tap(
    at("hook_mlp_out"),
    tf.tidy(() => mlp(mid_BME, block.mlp)),
  );
  const post_BME = addAndNorm(mid_BME, mlpOut_BME, block.mlpNorm);
  return tap(at("hook_resid_post"), post_BME);
}
