import * as tf from "@tensorflow/tfjs";
import type { LlamaConfig } from "../llm/config.ts";
import { embed, type Llama, runBlock, unembed } from "../llm/llama.ts";
import type { Random } from "../tensor/random.ts";
import { dims } from "../tensor/shapes.ts";
import { noTap, type Tap } from "../tensor/tap.ts";
import {
  type Connector,
  type ConnectorConfig,
  connect,
  initConnector,
} from "./connector.ts";
import { attentionOnlyBlock, planSequence, sequencePlaces } from "./fusion.ts";
import { fusedLayers, type Variant } from "./variant.ts";

/** A design with all its sizes. */
export interface AudioLlmConfig {
  readonly variant: Variant;
  readonly llama: LlamaConfig;
  readonly connector: ConnectorConfig;
  /** Features of each encoder, E, in the variant's order. */
  readonly encoderWidths: readonly number[];
  /** Text tokens before the audio: the system prompt's. */
  readonly audioAt: number;
}

export type AudioLlm = {
  readonly llama: Llama;
  readonly connector: Connector;
};

/** A new connector for a language model that is there already. */
export function initAudioConnector(
  config: AudioLlmConfig,
  chance: Random,
): Connector {
  const { connector, encoderWidths, llama, variant } = config;
  if (encoderWidths.length !== variant.encoders.length) {
    throw new RangeError(
      `initAudioConnector: expected widths of ${variant.encoders.length} ` +
        `encoders, got ${encoderWidths.length} (variant "${variant.name}")`,
    );
  }
  const nProjections = fusedLayers(variant, llama.nLayers).length;
  return initConnector(
    {
      config: connector,
      encoderWidths,
      width: llama.width,
      nCrossAttentions: variant.connector === "shared" ? 1 : nProjections,
      nProjections,
    },
    chance,
  );
}

/**
 * Scores of the next token after each text position, for any design.
 *
 * @param text_BT - tokens of system prompt, user prompt and response
 * @param features - features_BARE for each encoder
 */
export function runAudioLlm(
  { connector, llama }: AudioLlm,
  input: {
    readonly text_BT: tf.Tensor2D;
    readonly features: readonly tf.Tensor4D[];
  },
  { config, tap = noTap }: { config: AudioLlmConfig; tap?: Tap },
): tf.Tensor3D {
  const { text_BT, features } = input;
  const { B, T } = dims("runAudioLlm", text_BT, "BT");
  return tf.tidy(() => {
    const layers = fusedLayers(config.variant, config.llama.nLayers);
    const tokens = connect(connector, features, config.connector.nHeads);
    const audioOf = new Map(
      layers.map((layer, i) => [
        layer,
        tap(`connector.${layer}.hook_latents`, tokens[i]),
      ]),
    );
    const { A, D } = dims("runAudioLlm", tokens[0], "BAD", { B });
    const text_BTD = tap("hook_embed", embed(llama, text_BT));
    const heard_BTD = hear(llama, text_BTD, { audioOf, config, tap, A });
    dims("runAudioLlm", heard_BTD, "BTD", { B, T, D });
    return unembed(llama, heard_BTD, config.llama);
  });
}

/** The text's residual stream after all layers, on the variant's path. */
function hear(
  llama: Llama,
  text_BTD: tf.Tensor3D,
  audio: {
    readonly audioOf: ReadonlyMap<number, tf.Tensor3D>;
    readonly config: AudioLlmConfig;
    readonly tap: Tap;
    readonly A: number;
  },
): tf.Tensor3D {
  const { A, audioOf, config, tap } = audio;
  const { B, T, D } = dims("hear", text_BTD, "BTD");
  const plan = planSequence(T, A, config.audioAt);
  const places = sequencePlaces(plan, config.llama);
  const staysInStream = config.variant.audioPath === "attention+ffn";

  let x_BSD = text_BTD;
  let current = places.textOnly;
  llama.blocks.forEach((block, layer) => {
    const context = { ...current, config: config.llama, layer, tap };
    const audio_BAD = audioOf.get(layer);
    if (!audio_BAD) {
      x_BSD = runBlock(block, x_BSD, context);
    } else if (staysInStream) {
      current = places.together;
      x_BSD = runBlock(block, tf.concat([audio_BAD, x_BSD], 1), {
        ...context,
        ...current,
      });
    } else {
      x_BSD = attentionOnlyBlock(block, x_BSD, { audio_BAD, places, context });
    }
  });
  const S = x_BSD.shape[1];
  return S === T ? x_BSD : x_BSD.slice([0, S - T, 0], [B, T, D]);
}
