import * as tf from "@tensorflow/tfjs";
import { cutRegions, type Regions } from "../../encoder/regions.ts";
import type { Named } from "../../llm/part.ts";
import { linear, normalMatrix } from "../../tensor/layers.ts";
import { tidyTree } from "../../tensor/params.ts";
import type { Random } from "../../tensor/random.ts";
import { dims } from "../../tensor/shapes.ts";
import { noTap, type Tap } from "../../tensor/tap.ts";
import { gelu } from "../../tensor/transformer.ts";
import {
  type ConnectorConfig,
  type ConnectorSizes,
  checkConfig,
  type EncoderSizes,
} from "./config.ts";
import {
  type CrossAttention,
  initCrossAttention,
  readRegions,
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

/** A connector of random weights. */
export function initConnector(
  sizes: ConnectorSizes,
  chance: Random,
): Connector {
  const { config, encoders, nCrossAttentions, nProjections } = sizes;
  checkConfig("initConnector", config);
  const C = config.width;
  const D = sizes.width;
  const projection = (): Projection => {
    const projection_CD = normalMatrix(chance, [C, D], C ** -0.5);
    if (config.projection === "linear") return { projection_CD };
    return {
      projection_CD,
      second_DD: normalMatrix(chance, [D, D], D ** -0.5),
    };
  };
  return tidyTree(() => ({
    crossAttentions: Array.from({ length: nCrossAttentions }, () =>
      initCrossAttention(config, encoders, chance),
    ),
    projections: Array.from({ length: nProjections }, projection),
  }));
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
      regionsOf(tap(`encoders.${encoder.name}.hook_out`, features[i]), {
        config,
        encoder,
      }),
    );
    const readers = connectorNames(crossAttentions.length, layers);
    const latents = readRegions(crossAttentions, regions, {
      ...{ config, names: readers, tap },
    }).map((latent_BAC, i) => tap(`${readers[i]}.hook_latents`, latent_BAC));
    const names = connectorNames(projections.length, layers);
    return projections.map((projection, i) => {
      const audio_BAD = project(latents[i % latents.length], projection);
      return tap(`${names[i]}.hook_out`, audio_BAD);
    });
  });
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

function project(
  latent_BAC: tf.Tensor3D,
  { projection_CD, second_DD }: Projection,
): tf.Tensor3D {
  const audio_BAD = linear(latent_BAC, projection_CD);
  return second_DD ? linear(gelu(audio_BAD), second_DD) : audio_BAD;
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
