import * as tf from "@tensorflow/tfjs";
import { type Htsat, runHtsat } from "../../../encoder/htsat.ts";
import type { HtsatConfig } from "../../../encoder/htsat-config.ts";
import type { LlamaConfig } from "../../../llm/config.ts";
import { initLlama, type Llama, readLlama } from "../../../llm/llama.ts";
import { longestOf, padRows } from "../../../llm/prompt.ts";
import type { Tokenizer } from "../../../llm/tokenizer.ts";
import { rmsNorm } from "../../../tensor/layers.ts";
import { random } from "../../../tensor/random.ts";
import type { Schedule } from "../../../train/schedule.ts";
import type { Training } from "../../../train/training.ts";
import type { Family } from "../classes.ts";
import { labLlama } from "../llm/config.ts";
import { type CaptionDetail, captionOf, isOf } from "./captions.ts";
import type { Pictures } from "./pictures.ts";

/** What contrast trains; only the encoder is kept. */
export type ContrastWeights = {
  readonly encoder: TrainedHtsat;
  /** Reads captions: two layers of Llama's code. */
  readonly text: Llama;
  readonly audioOut_EX: tf.Tensor2D;
  readonly textOut_DX: tf.Tensor2D;
  /** Logarithm of what similarities are multiplied by. */
  readonly scale: tf.Scalar;
};

/** Without what stays as it was drawn. */
type TrainedHtsat = Omit<Htsat, "melScale_L" | "melShift_L" | "stages"> & {
  readonly stages: readonly {
    readonly blocks: readonly Omit<
      Htsat["stages"][number]["blocks"][number],
      "bias_XMM"
    >[];
    readonly merge?: Htsat["stages"][number]["merge"];
  }[];
};

/** The batch norm, and the windows' biases, which also keep regions apart. */
export type FrozenHtsat = {
  readonly melScale_L: tf.Tensor1D;
  readonly melShift_L: tf.Tensor1D;
  readonly bias_XMM: readonly (readonly tf.Tensor3D[])[];
};

export type ContrastBatch = {
  readonly mel_BFL: tf.Tensor3D;
  readonly caption_BT: tf.Tensor2D;
  /** 1 at each caption's last token. */
  readonly last_BT1: tf.Tensor3D;
  /** 1 where caption and clip belong together, shared by equal captions. */
  readonly match_BB: tf.Tensor2D;
};

export interface ContrastPlan {
  readonly name: string;
  readonly config: HtsatConfig;
  readonly encoder: Htsat;
  readonly tokenizer: Tokenizer;
  readonly pictures: Pictures;
  readonly detail: CaptionDetail;
  /** Families that its clips are of; default all. */
  readonly families?: readonly Family[];
  readonly batchSize: number;
  readonly schedule: Schedule;
  readonly seed: number;
}

const textConfig: LlamaConfig = {
  ...labLlama,
  name: "captions",
  nLayers: 2,
  width: 96,
  ffnWidth: 256,
  nHeads: 2,
  nKvHeads: 2,
  headWidth: 48,
};

/** Of the space in which clips and captions meet. */
const sharedWidth = 96;

/**
 * The training of a lab CLAP: a clip and its caption shall be nearer to each
 * other than to others of the batch (InfoNCE both ways, Wu et al. 2023).
 */
export function contrastTraining(
  plan: ContrastPlan,
): Training<ContrastWeights, FrozenHtsat, ContrastBatch> {
  const { config, encoder, name, schedule, seed } = plan;
  const chance = random("contrast", name, seed);
  const { moves, stays } = apart(encoder);
  const E = encoder.outputNorm.scale_E.shape[0];
  const matrix = (rows: number): tf.Tensor2D =>
    tf.tensor2d(
      Float32Array.from(
        { length: rows * sharedWidth },
        () => rows ** -0.5 * chance.normal(),
      ),
      [rows, sharedWidth],
    );
  return {
    name,
    params: {
      encoder: moves,
      text: initLlama(textConfig, chance),
      audioOut_EX: matrix(E),
      textOut_DX: matrix(textConfig.width),
      scale: tf.scalar(Math.log(1 / 0.07)),
    },
    frozen: stays,
    loss: (weights, frozen, batch) =>
      contrastLoss(weights, together(weights.encoder, frozen), {
        batch,
        config,
      }),
    batchAt: contrastBatches(plan),
    schedule,
  };
}

function contrastLoss(
  { audioOut_EX, scale, text, textOut_DX }: ContrastWeights,
  encoder: Htsat,
  {
    batch: { caption_BT, last_BT1, match_BB, mel_BFL },
    config,
  }: { readonly batch: ContrastBatch; readonly config: HtsatConfig },
): tf.Scalar {
  const features_BPE = runHtsat(encoder, mel_BFL, { config });
  const audio_BX = unit(
    tf.matMul(features_BPE.mean<tf.Tensor2D>(1), audioOut_EX),
  );
  const read_BTD = readLlama(text, caption_BT, { config: textConfig });
  const last_BD: tf.Tensor2D = read_BTD.mul(last_BT1).sum(1);
  const said_BD = rmsNorm(last_BD, text.finalNorm_D, textConfig.normEpsilon);
  const text_BX = unit(tf.matMul(said_BD, textOut_DX));
  const likeness_BB = tf
    .matMul(audio_BX, text_BX, false, true)
    .mul<tf.Tensor2D>(scale.exp());
  const oneWay = (scores_BB: tf.Tensor2D) =>
    tf.logSoftmax(scores_BB).mul(match_BB).sum(-1).mean().neg();
  const both = oneWay(likeness_BB).add(oneWay(likeness_BB.transpose()));
  return both.div(2);
}

const unit = (x_BX: tf.Tensor2D): tf.Tensor2D =>
  x_BX.div(x_BX.square().sum(-1, true).add(1e-8).sqrt());

function contrastBatches({
  batchSize: B,
  detail,
  families,
  pictures,
  seed,
  tokenizer,
}: ContrastPlan): (step: number) => ContrastBatch {
  const clips = pictures.truths.flatMap((truth, i) =>
    !families || isOf(truth, families) ? [i] : [],
  );
  if (clips.length < B) {
    throw new RangeError(
      `contrastTraining: expected ${B} clips or more, got ${clips.length}` +
        `${families ? ` of ${families.join(", ")}` : ""}; render more`,
    );
  }
  return (step) => {
    const chance = random("contrast batch", seed, step);
    const drawn = Array.from({ length: B }, () => chance.pick(clips));
    const captions = drawn.map((clip) =>
      captionOf(pictures.truths[clip], { chance, detail }),
    );
    const rows = captions.map((caption) => tokenizer.encode(caption));
    const T = 8 * Math.ceil(longestOf(rows) / 8);
    const last = new Float32Array(B * T);
    for (const [b, row] of rows.entries()) last[b * T + row.length - 1] = 1;
    const matches = captions.flatMap((caption) => {
      const same = captions.map((other) => (other === caption ? 1 : 0));
      const n = same.reduce<number>((sum, one) => sum + one, 0);
      return same.map((one) => one / n);
    });
    const tokens = padRows(rows, { length: T, pad: tokenizer.pad });
    return {
      mel_BFL: pictures.batch(drawn),
      caption_BT: tf.tensor2d(tokens, [B, T], "int32"),
      last_BT1: tf.tensor3d(last, [B, T, 1]),
      match_BB: tf.tensor2d(matches, [B, B]),
    };
  };
}

function apart({ melScale_L, melShift_L, stages, ...rest }: Htsat): {
  readonly moves: TrainedHtsat;
  readonly stays: FrozenHtsat;
} {
  return {
    moves: {
      ...rest,
      stages: stages.map(({ blocks, ...stage }) => ({
        ...stage,
        blocks: blocks.map(({ bias_XMM, ...block }) => block),
      })),
    },
    stays: {
      ...{ melScale_L, melShift_L },
      bias_XMM: stages.map(({ blocks }) => blocks.map((one) => one.bias_XMM)),
    },
  };
}

/** The tower of its two parts. */
export function together(
  { stages, ...rest }: TrainedHtsat,
  { bias_XMM, ...frozen }: FrozenHtsat,
): Htsat {
  return {
    ...{ ...rest, ...frozen },
    stages: stages.map(({ blocks, ...stage }, s) => ({
      ...stage,
      blocks: blocks.map((block, b) => ({
        ...block,
        bias_XMM: bias_XMM[s][b],
      })),
    })),
  };
}
