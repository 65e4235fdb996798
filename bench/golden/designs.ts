import * as tf from "@tensorflow/tfjs";
import { toyLlama } from "../../lib/llm/config.ts";
import { initLlama, type Llama, unembedAt } from "../../lib/llm/llama.ts";
import { paperConnector } from "../../lib/pal/connector/config.ts";
import type { Connector } from "../../lib/pal/connector/connector.ts";
import { furtherDesigns, paperDesigns } from "../../lib/pal/design/designs.ts";
import { atDepth } from "../../lib/pal/design/layer-plan.ts";
import type { Variant } from "../../lib/pal/design/variant.ts";
import {
  type AudioLlmConfig,
  hearText,
  initAudioConnector,
} from "../../lib/pal/run/audio-llm.ts";
import { openAudioGenerator } from "../../lib/pal/run/generate.ts";
import { normalMatrix } from "../../lib/tensor/layers.ts";
import { disposeTensors } from "../../lib/tensor/params.ts";
import { random } from "../../lib/tensor/random.ts";
import { fit } from "../../lib/train/fit.ts";
import {
  nextTokenLoss,
  type Scored,
  scoredPlaces,
} from "../../lib/train/loss.ts";
import type { Line } from "./lines.ts";

const llama = { ...toyLlama, nLayers: 8, width: 32, vocabularySize: 23 };
const [B, T, audioAt] = [3, 9, 2];
const schedule = { steps: 6, peakLearningRate: 0.03, warmupRatio: 0.3 };

/** Every design, the paper's and the further ones, in eight layers. */
const designs: readonly Variant[] = [...paperDesigns, ...furtherDesigns].map(
  ({ variant }) => {
    const shallow = atDepth(variant, llama.nLayers);
    return typeof shallow.audioPath === "object"
      ? { ...shallow, audioPath: { summaryTokens: 3 } }
      : shallow;
  },
);

function configOf(variant: Variant): AudioLlmConfig {
  return {
    variant,
    llama,
    connector: {
      ...paperConnector,
      query: { steps: 4, bands: 2 },
      width: 16,
      nHeads: 4,
    },
    encoders: variant.encoders.map((name, i) => ({
      name,
      grid: i === 0 ? { steps: 8, bands: 4 } : { steps: 4, bands: 2 },
      width: 6 + i,
    })),
    audioAt,
  };
}

type Batch = {
  readonly features: readonly tf.Tensor3D[];
  readonly text_BT: tf.Tensor2D;
  readonly scored: Scored;
};

function batchOf(config: AudioLlmConfig, step: number): Batch {
  const chance = random("golden", step);
  const tokens = Array.from({ length: B * T }, () =>
    chance.integer(0, llama.vocabularySize - 1),
  );
  const weights = tokens.map((_, i) => (i % T >= 5 ? 1 : 0));
  return {
    features: featuresOf(config, step),
    text_BT: tf.tensor2d(tokens, [B, T], "int32"),
    scored: scoredPlaces(tokens, weights, { B, T, perRow: T - 5 }),
  };
}

function featuresOf({ encoders }: AudioLlmConfig, step: number) {
  return encoders.map(({ grid, name, width }) => {
    const P = grid.steps * grid.bands;
    const features_XE = normalMatrix(
      random("features", name, step),
      [B * P, width],
      1,
    );
    return features_XE.reshape<tf.Tensor3D>([B, P, width]);
  });
}

type Part = { readonly llama?: Llama; readonly connector?: Connector };

/** Losses of a design's steps, and what it answers after them. */
async function linesOf(variant: Variant, stage: 1 | 2): Promise<Line[]> {
  const config = configOf(variant);
  const start = {
    llama: initLlama(llama, random("golden llm")),
    connector: initAudioConnector(config, random("golden connector")),
  };
  const [params, frozen]: Part[] =
    stage === 1
      ? [{ connector: start.connector }, { llama: start.llama }]
      : [start, {}];
  const loss = (moving: Part, still: Part, batch: Batch): tf.Scalar => {
    const model = { ...still, ...moving } as typeof start;
    const text_BTD = hearText(model, batch, { config });
    const { at_X } = batch.scored;
    const logits_XV = unembedAt(model.llama, text_BTD, { at_X, config: llama });
    return nextTokenLoss(logits_XV, batch.scored);
  };
  const name = `${variant.name}/stage-${stage}`;
  const { losses, params: trained } = await fit({
    name,
    params,
    frozen,
    loss,
    batchAt: (step) => batchOf(config, step),
    schedule,
  });
  const model = { ...start, ...trained } as typeof start;
  const generator = openAudioGenerator(config);
  const heard = featuresOf(config, 100);
  const answers = await generator.generate(
    model,
    { prompts: Array.from({ length: B }, (_, i) => [1, 2, 3 + i, 4]), heard },
    { ends: [], maxNew: 5 },
  );
  generator.dispose();
  disposeTensors([start, trained, heard]);
  return [
    ...Array.from(losses, (value, i): Line => [name, i, value]),
    [name, "answers", answers.map(({ tokens }) => tokens.join(" ")).join(", ")],
  ];
}

/** Both stages of every design: losses step by step, then answers. */
export async function designLines(): Promise<Line[]> {
  const lines: Line[] = [];
  for (const variant of designs) {
    for (const stage of [1, 2] as const) {
      lines.push(...(await linesOf(variant, stage)));
    }
  }
  return lines;
}
