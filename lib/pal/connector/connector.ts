import * as tf from "@tensorflow/tfjs";
import type { EncoderSizes } from "../../encoder/encoder.ts";
import { cutRegions, type Regions } from "../../encoder/regions.ts";
import type { Named, Product } from "../../llm/part.ts";
import { linear } from "../../tensor/layers.ts";
import type { Random } from "../../tensor/random.ts";
import { dims } from "../../tensor/shapes.ts";
import { type Hook, noTap, type Tap } from "../../tensor/tap.ts";
import { gelu } from "../../tensor/transformer.ts";
import { initWeights, normal, type WeightTree } from "../../tensor/weights.ts";
import { own } from "./cells.ts";
import {
  type ConnectorConfig,
  type ConnectorSizes,
  checkConfig,
} from "./config.ts";
import {
  type CrossAttention,
  crossAttention,
  standardize,
} from "./cross-attention.ts";

/** From a latent token to the width of the LLM's residual stream. */
export type Projection = {
  readonly projection_CD: tf.Tensor2D;
  /** After GELU, where the projection has two matrices. */
  readonly second_DD?: tf.Tensor2D;
};

/** Everything between the encoders and the language model. */
export type Connector = {
  /** One for each projection, or a single one for all (appendix C). */
  readonly crossAttentions: readonly CrossAttention[];
  /** One for each set of audio tokens. */
  readonly projections: readonly Projection[];
  /** Of each LLM layer the parts that hear audio, where a design has any. */
  readonly parts?: readonly Named[];
};

const out: Hook = { name: "hook_out", axes: "BAD" };

/** From latent tokens to audio tokens. */
export const projection = {
  weights: ({ projection, width: C }: ConnectorConfig, D: number) => ({
    projection_CD: normal([C, D], C ** -0.5),
    ...(projection === "mlp" ? { second_DD: normal([D, D], D ** -0.5) } : {}),
  }),
  hooks: [out] as readonly Hook[],
  run: (
    latent_BAC: tf.Tensor3D,
    { projection_CD, second_DD }: Projection,
  ): tf.Tensor3D => {
    const audio_BAD = linear(latent_BAC, projection_CD);
    return second_DD ? linear(gelu(audio_BAD), second_DD) : audio_BAD;
  },
  /** Those of that many latent tokens. */
  products: (
    { projection, width: C }: ConnectorConfig,
    D: number,
    rows: number,
  ): Product<"connector">[] => [
    own([rows, C, D]),
    ...(projection === "mlp" ? [own([rows, D, D])] : []),
  ],
};

/** The weights of a whole connector. */
export function connectorWeights(sizes: ConnectorSizes) {
  const { config, encoders, nCrossAttentions, nProjections, width } = sizes;
  const reading = crossAttention.weights(config, encoders);
  const projecting = projection.weights(config, width);
  return {
    crossAttentions: Array<WeightTree>(nCrossAttentions).fill(reading),
    projections: Array<WeightTree>(nProjections).fill(projecting),
  };
}

/** A connector of random weights. */
export function initConnector(
  sizes: ConnectorSizes,
  chance: Random,
): Connector {
  checkConfig("initConnector", sizes.config);
  return initWeights(connectorWeights(sizes), chance) as Connector;
}

/** A connector's products for B clips, their features being frozen. */
export function connectorProducts(
  { config, encoders, nCrossAttentions, nProjections, width }: ConnectorSizes,
  B: number,
): Product<"connector">[] {
  const rows = B * config.query.steps * config.query.bands;
  const reading = crossAttention.products(config, encoders, B);
  const projecting = projection.products(config, width, rows);
  return [
    ...Array(nCrossAttentions).fill(reading),
    ...Array(nProjections).fill(projecting),
  ].flat();
}

export interface ConnectOptions {
  readonly config: ConnectorConfig;
  readonly encoders: readonly EncoderSizes[];
  /** Layers of the LLM, for the names of what the tap sees. */
  readonly layers?: readonly number[];
  readonly tap?: Tap;
}

/**
 * Audio tokens audio_BAD for each projection, as wide as the LLM's residual
 * stream.
 *
 * Latent token A reads region A of every encoder's grid and nothing else, so
 * time and frequency stay where they were, and an encoder adds no token.
 *
 * @param features - features_BPE of each encoder; P and E may differ
 */
export function connect(
  { crossAttentions, projections }: Connector,
  features: readonly tf.Tensor3D[],
  { config, encoders, layers = [], tap = noTap }: ConnectOptions,
): tf.Tensor3D[] {
  checkFeatures(features, encoders);
  const [{ readers }] = crossAttentions[0].rounds;
  if (readers.length !== encoders.length) {
    throw new RangeError(
      `connect: expected a connector for ${encoders.length} encoders, ` +
        `got one for ${readers.length}`,
    );
  }
  return tf.tidy(() => {
    const regions = encoders.map((encoder, i) =>
      regionsOf(tap(encoderHook(encoder).name, features[i]), {
        config,
        encoder,
      }),
    );
    const readers = connectorNames(crossAttentions.length, layers);
    const latents = crossAttention.run(crossAttentions, regions, {
      config,
      names: readers,
      tap,
    });
    const names = connectorNames(projections.length, layers);
    return projections.map((weights, i) => {
      const latent_BAC = latents[i % latents.length];
      return tap(
        `${names[i]}.${out.name}`,
        projection.run(latent_BAC, weights),
      );
    });
  });
}

/** What is shown of an encoder. */
export function encoderHook({ name }: EncoderSizes): Hook {
  return { name: `encoders.${name}.hook_out`, axes: "BPE" };
}

/** What serves one layer is named after it, and what serves all is not. */
export function connectorNames(
  count: number,
  layers: readonly number[],
): string[] {
  return Array.from({ length: count }, (_, i) =>
    count === layers.length ? `connector.${layers[i]}` : "connector",
  );
}

/** Frozen features need their norm once, whatever reads them. */
function regionsOf(
  features_BPE: tf.Tensor3D,
  { config, encoder }: { config: ConnectorConfig; encoder: EncoderSizes },
): Regions {
  const normed_BPE = config.hasNorms ? standardize(features_BPE) : features_BPE;
  return cutRegions(normed_BPE, encoder.grid, config.query);
}

function checkFeatures(
  features: readonly tf.Tensor3D[],
  encoders: readonly EncoderSizes[],
): void {
  if (features.length !== encoders.length) {
    throw new RangeError(
      `connect: expected features from ${encoders.length} encoders, ` +
        `got ${features.length}`,
    );
  }
  let B: number | undefined;
  encoders.forEach(({ grid, name, width }, i) => {
    const found = dims("connect", features[i], "BPE", { B });
    B = found.B;
    const P = grid.steps * grid.bands;
    if (found.P !== P) {
      throw new RangeError(
        `connect: expected ${grid.steps} x ${grid.bands} = ${P} cells from ` +
          `encoder ${name}, got ${found.P}`,
      );
    }
    if (found.E !== width) {
      throw new RangeError(
        `connect: expected features of width ${width} from encoder ${name}, ` +
          `got ${found.E}`,
      );
    }
  });
}
