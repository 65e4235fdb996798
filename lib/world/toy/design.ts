import * as tf from "@tensorflow/tfjs";
import type { LlamaConfig } from "../../llm/config.ts";
import { type Llama, unembedAt } from "../../llm/llama.ts";
import {
  bucketLength,
  longestOf,
  padRows,
  promptTokens,
} from "../../llm/prompt.ts";
import type { Tokenizer } from "../../llm/tokenizer.ts";
import type { ConnectorConfig } from "../../pal/connector/config.ts";
import type { Connector } from "../../pal/connector/connector.ts";
import type { Variant } from "../../pal/design/variant.ts";
import {
  type AudioLlmConfig,
  hearText,
  initAudioConnector,
} from "../../pal/run/audio-llm.ts";
import { disposeTensors } from "../../tensor/params.ts";
import { random } from "../../tensor/random.ts";
import { fit, type StageOptions } from "../../train/fit.ts";
import { nextTokenLoss, type Scored, scoredPlaces } from "../../train/loss.ts";
import { openReadCache } from "../../train/read-cache.ts";
import type { Schedule } from "../../train/schedule.ts";
import { type EncodedClips, pickFeatures } from "./encode-clips.ts";
import { askForTraining, systemPrompt } from "./questions.ts";

/** What all designs of a comparison share. */
export interface Setting {
  readonly llama: LlamaConfig;
  readonly tokenizer: Tokenizer;
  readonly connector: ConnectorConfig;
  /** Most text positions in a row. */
  readonly textLength: number;
  /** Most tokens of an answer, its end included. */
  readonly answerLength: number;
}

/** How a connector is trained while the language model stays frozen. */
export interface DesignPlan {
  readonly variant: Variant;
  readonly setting: Setting;
  readonly batchSize: number;
  readonly schedule: Schedule;
  readonly seed: number;
}

/** Questions about clips, with their answers. */
export type AudioBatch = {
  readonly features_BPE: tf.Tensor3D;
  readonly tokens_BT: tf.Tensor2D;
  /** The answers, from their first token to the end. */
  readonly scored: Scored;
};

/** The design with its sizes, for clips of this encoder. */
export function designConfig(
  variant: Variant,
  { connector, llama, tokenizer }: Setting,
  { encoder: name, grid, width }: EncodedClips,
): AudioLlmConfig {
  const audioAt = tokenizer.encode(systemPrompt).length;
  const encoders = [{ name, grid, width }];
  return { variant, llama, connector, encoders, audioAt };
}

/**
 * Clips and questions of a step: they follow from the seed and the step, and
 * know nothing of the design, so every design gets the same.
 */
export function audioBatch(
  clips: EncodedClips,
  { batchSize, seed, setting }: DesignPlan,
  step: number,
): AudioBatch {
  const { answerLength, textLength, tokenizer } = setting;
  const chance = random("batch", seed, step);
  const chosen = Array.from({ length: batchSize }, () =>
    chance.integer(0, clips.plans.length - 1),
  );
  const texts = chosen.map((clip) => {
    const labels = clips.plans[clip].events.map((event) => event.label);
    const { answer, question } = askForTraining(labels, chance);
    return promptTokens(tokenizer, { system: systemPrompt, question, answer });
  });
  const rows = texts.map((text) => text.tokens);
  const T = bucketLength(longestOf(rows), textLength);
  const tokens = padRows(rows, { length: T, pad: tokenizer.pad });
  const counted = tokens.map((_, i) => {
    const { answerAt, tokens: own } = texts[Math.floor(i / T)];
    const at = i % T;
    return at >= answerAt && at < own.length ? 1 : 0;
  });
  return {
    features_BPE: featuresTensor(clips, chosen),
    tokens_BT: tf.tensor2d(tokens, [batchSize, T], "int32"),
    scored: scoredPlaces(tokens, counted, {
      ...{ B: batchSize, T, perRow: answerLength },
    }),
  };
}

/** Features of some of the clips as features_BPE. */
export function featuresTensor(
  clips: EncodedClips,
  chosen: readonly number[],
): tf.Tensor3D {
  const { grid, width } = clips;
  const P = grid.steps * grid.bands;
  return tf.tensor3d(pickFeatures(clips, chosen), [chosen.length, P, width]);
}

/** A batch, and what the frozen layers have made of its text, if anything. */
type ReadBatch = AudioBatch & { readonly read: readonly tf.Tensor3D[] };

/** Trains a design's connector; the language model gets no gradient. */
export async function trainDesign(
  plan: DesignPlan,
  { clips, llama }: { readonly clips: EncodedClips; readonly llama: Llama },
  options: StageOptions = {},
): Promise<{ params: Connector; losses: Float32Array }> {
  const config = designConfig(plan.variant, plan.setting, clips);
  const start = initAudioConnector(config, random("connector", plan.seed));
  const cache = openReadCache(config);
  const loss = (connector: Connector, frozen: Llama, batch: ReadBatch) => {
    const { features_BPE, read, scored, tokens_BT } = batch;
    const text_BTD = hearText(
      { llama: frozen, connector },
      { text_BT: tokens_BT, features: [features_BPE] },
      { config, read_BTD: read[0] },
    );
    const { at_X } = scored;
    const options = { at_X, config: config.llama };
    return nextTokenLoss(unembedAt(frozen, text_BTD, options), scored);
  };
  try {
    return await fit(
      {
        name: plan.variant.name,
        params: start,
        frozen: llama,
        loss,
        batchAt: (step) => {
          const batch = audioBatch(clips, plan, step);
          const read_BTD = cache.read(llama, batch.tokens_BT);
          return { ...batch, read: read_BTD ? [read_BTD] : [] };
        },
        schedule: plan.schedule,
      },
      options,
    );
  } finally {
    cache.dispose();
    disposeTensors(start);
  }
}
