import * as tf from "@tensorflow/tfjs";
import { askForTraining, systemPrompt } from "../data/questions.ts";
import type { Grid } from "../encoder/encoder.ts";
import { cutRegions } from "../encoder/regions.ts";
import type { LlamaConfig } from "../llm/config.ts";
import type { Llama } from "../llm/llama.ts";
import { padRows, promptTokens } from "../llm/prompt.ts";
import type { Tokenizer } from "../llm/tokenizer.ts";
import {
  type AudioLlmConfig,
  initAudioConnector,
  runAudioLlm,
} from "../pal/audio-llm.ts";
import type { Connector, ConnectorConfig } from "../pal/connector.ts";
import type { Variant } from "../pal/variant.ts";
import { disposeTensors } from "../tensor/params.ts";
import { random } from "../tensor/random.ts";
import { type EncodedClips, pickFeatures } from "./encode-clips.ts";
import { fit, type StageOptions } from "./fit.ts";
import { answerLoss } from "./loss.ts";
import type { Schedule } from "./schedule.ts";

/** What all designs of a comparison share. */
export interface Setting {
  readonly llama: LlamaConfig;
  readonly tokenizer: Tokenizer;
  readonly connector: ConnectorConfig;
  /** One latent token for each cell: where the LLM gets audio tokens from. */
  readonly query: Grid;
  /** Text positions in a row, its filling included. */
  readonly textLength: number;
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
  /** 1 on the answer, 0 elsewhere. */
  readonly counted_BT: tf.Tensor2D;
};

/** The design with its sizes, for clips of this encoder. */
export function designConfig(
  variant: Variant,
  { connector, llama, tokenizer }: Setting,
  { width }: Pick<EncodedClips, "width">,
): AudioLlmConfig {
  const audioAt = tokenizer.encode(systemPrompt).length;
  return { variant, llama, connector, encoderWidths: [width], audioAt };
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
  const { textLength, tokenizer } = setting;
  const chance = random("batch", seed, step);
  const chosen = Array.from({ length: batchSize }, () =>
    chance.integer(0, clips.plans.length - 1),
  );
  const texts = chosen.map((clip) => {
    const labels = clips.plans[clip].events.map((event) => event.label);
    const { answer, question } = askForTraining(labels, chance);
    return promptTokens(tokenizer, { system: systemPrompt, question, answer });
  });
  const tokens = padRows(
    texts.map((text) => text.tokens),
    { length: textLength, pad: tokenizer.pad },
  );
  const counted = tokens.map((_, i) => {
    const { answerAt, tokens: own } = texts[Math.floor(i / textLength)];
    const at = i % textLength;
    return at >= answerAt && at < own.length ? 1 : 0;
  });
  const shape: [number, number] = [batchSize, textLength];
  return {
    features_BPE: featuresTensor(clips, chosen),
    tokens_BT: tf.tensor2d(tokens, shape, "int32"),
    counted_BT: tf.tensor2d(counted, shape, "float32"),
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

/** Trains a design's connector; the language model gets no gradient. */
export async function trainDesign(
  plan: DesignPlan,
  { clips, llama }: { readonly clips: EncodedClips; readonly llama: Llama },
  options: StageOptions = {},
): Promise<{ params: Connector; losses: Float32Array }> {
  const { query } = plan.setting;
  const config = designConfig(plan.variant, plan.setting, clips);
  const start = initAudioConnector(config, random("connector", plan.seed));
  const loss = (connector: Connector, frozen: Llama, batch: AudioBatch) => {
    const { counted_BT, features_BPE, tokens_BT } = batch;
    const features_BARE = cutRegions(features_BPE, clips.grid, query);
    const logits_BTV = runAudioLlm(
      { llama: frozen, connector },
      { text_BT: tokens_BT, features: [features_BARE] },
      { config },
    );
    return answerLoss(logits_BTV, tokens_BT, counted_BT);
  };
  try {
    return await fit(
      {
        name: plan.variant.name,
        params: start,
        frozen: llama,
        loss,
        batchAt: (step) => audioBatch(clips, plan, step),
        schedule: plan.schedule,
      },
      options,
    );
  } finally {
    disposeTensors(start);
  }
}
