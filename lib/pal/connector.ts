import * as tf from "@tensorflow/tfjs";
import {
  attentionPattern,
  mergeHeads,
  normalMatrix,
  splitHeads,
} from "../tensor/layers.ts";
import { tidyTree } from "../tensor/params.ts";
import type { Random } from "../tensor/random.ts";
import { dims } from "../tensor/shapes.ts";

/** What one encoder contributes to the cross-attention. */
export type Reader = {
  readonly key_EC: tf.Tensor2D;
  readonly value_EC: tf.Tensor2D;
};

/** A latent token that reads the encoders' features (section 2.4). */
export type CrossAttention = {
  /** The single latent token, copied to every region. */
  readonly latent_C: tf.Tensor1D;
  readonly query_CC: tf.Tensor2D;
  /** One for each encoder, in the variant's order. */
  readonly readers: readonly Reader[];
};

/** Everything between the encoders and the language model. */
export type Connector = {
  /** One for each fused layer, or a single one for all (appendix C). */
  readonly crossAttentions: readonly CrossAttention[];
  /** One for each fused layer. */
  readonly projections: readonly { readonly projection_CD: tf.Tensor2D }[];
};

/** Sizes of a connector; the paper states none of them. */
export interface ConnectorConfig {
  /** Of a latent token, C. */
  readonly width: number;
  readonly nHeads: number;
}

/** A connector of random weights. */
export function initConnector(
  sizes: {
    readonly config: ConnectorConfig;
    /** Features of each encoder, E. */
    readonly encoderWidths: readonly number[];
    /** Of the language model, D. */
    readonly width: number;
    readonly nCrossAttentions: number;
    readonly nProjections: number;
  },
  chance: Random,
): Connector {
  const { encoderWidths, nCrossAttentions, nProjections, width: D } = sizes;
  const { width: C } = sizes.config;
  const crossAttention = (): CrossAttention => ({
    latent_C: normalMatrix(chance, [1, C], 1).reshape([C]),
    query_CC: normalMatrix(chance, [C, C], C ** -0.5),
    readers: encoderWidths.map((E) => ({
      key_EC: normalMatrix(chance, [E, C], E ** -0.5),
      value_EC: normalMatrix(chance, [E, C], E ** -0.5),
    })),
  });
  return tidyTree(() => ({
    crossAttentions: Array.from({ length: nCrossAttentions }, crossAttention),
    projections: Array.from({ length: nProjections }, () => ({
      projection_CD: normalMatrix(chance, [C, D], C ** -0.5),
    })),
  }));
}

/**
 * Audio tokens for each fused layer, as wide as the LLM's residual stream.
 *
 * Latent token A reads region A of every encoder's grid and nothing else, so
 * time and frequency stay where they were, and an encoder adds no token.
 *
 * @param features - features_BARE for each encoder; R and E may differ
 */
export function connect(
  { crossAttentions, projections }: Connector,
  features: readonly tf.Tensor4D[],
  nHeads: number,
): tf.Tensor3D[] {
  return tf.tidy(() => {
    const latents = crossAttentions.map((crossAttention) =>
      readRegions(crossAttention, features, nHeads),
    );
    return projections.map(({ projection_CD }, i) => {
      const latent_BAC = latents[i % latents.length];
      const { B, A, C } = dims("connect", latent_BAC, "BAC");
      const { D } = dims("connect", projection_CD, "CD", { C });
      return latent_BAC
        .reshape<tf.Tensor2D>([B * A, C])
        .matMul(projection_CD)
        .reshape<tf.Tensor3D>([B, A, D]);
    });
  });
}

/** Latent tokens latent_BAC after each has read its own region. */
export function readRegions(
  { latent_C, query_CC, readers }: CrossAttention,
  features: readonly tf.Tensor4D[],
  nHeads: number,
): tf.Tensor3D {
  if (features.length !== readers.length) {
    throw new RangeError(
      `readRegions: expected features from ${readers.length} encoders, ` +
        `got ${features.length}`,
    );
  }
  const { C } = dims("readRegions", latent_C, "C");
  const { B, A } = dims("readRegions", features[0], "BARE");

  // Regions ride on the batch axis: G = B * A small, separate attentions.
  const G = B * A;
  const read = (weight: (reader: Reader) => tf.Tensor2D): tf.Tensor3D => {
    const parts = features.map((features_BARE, i) => {
      const { R, E } = dims("readRegions", features_BARE, "BARE", { B, A });
      const features_XE = features_BARE.reshape<tf.Tensor2D>([G * R, E]);
      return features_XE
        .matMul(weight(readers[i]))
        .reshape<tf.Tensor3D>([G, R, C]);
    });
    return parts.length === 1 ? parts[0] : tf.concat(parts, 1);
  };
  const k_GMC = read((reader) => reader.key_EC);
  const v_GMC = read((reader) => reader.value_EC);
  const q_1C = latent_C.reshape<tf.Tensor2D>([1, C]).matMul(query_CC);
  const q_G1C: tf.Tensor3D = q_1C.reshape([1, 1, C]).tile([G, 1, 1]);

  const pattern_GN1M = attentionPattern(
    splitHeads(q_G1C, nHeads),
    splitHeads(k_GMC, nHeads),
  );
  const z_GN1H: tf.Tensor4D = tf.matMul(
    pattern_GN1M,
    splitHeads(v_GMC, nHeads),
  );
  return latent_C.add(mergeHeads(z_GN1H)).reshape([B, A, C]);
}
