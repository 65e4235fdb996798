import * as tf from "@tensorflow/tfjs";
import {
  runSslam,
  type Sslam,
  type SslamConfig,
} from "../../../encoder/sslam.ts";
import { type Random, random } from "../../../tensor/random.ts";
import { replace } from "../../../tensor/tap.ts";
import type { Schedule } from "../../../train/schedule.ts";
import type { Training } from "../../../train/training.ts";
import type { Pictures } from "./pictures.ts";

/** What masked prediction trains; only the encoder is kept. */
export type MaskedWeights = {
  readonly encoder: Sslam;
  /** Stands for every patch that is hidden. */
  readonly mask_E: tf.Tensor1D;
  /** Reads a patch's pixels from its features. */
  readonly pixels_EX: tf.Tensor2D;
};

export type MaskedBatch = {
  /** Two clips heard at once, and what is to be predicted: both. */
  readonly mel_BFL: tf.Tensor3D;
  /** 1 where a patch is hidden. */
  readonly hidden_BP1: tf.Tensor3D;
};

export interface MaskedPlan {
  readonly config: SslamConfig;
  readonly encoder: Sslam;
  readonly pictures: Pictures;
  readonly batchSize: number;
  /** Share of patches that are hidden. */
  readonly hidden: number;
  readonly schedule: Schedule;
  readonly seed: number;
}

/**
 * The training of the lab's SSLAM: hide most patches of a mixture of two clips
 * and predict their pixels from the rest.
 *
 * SSLAM itself predicts a teacher's features (Alex et al. 2025); pixels, as in
 * masked autoencoders, need no teacher and suffice here. Mixtures are its own
 * idea: sounds that sound at once must be told apart.
 */
export function maskedTraining(
  plan: MaskedPlan,
): Training<MaskedWeights, never[], MaskedBatch> {
  const { config, encoder, schedule, seed } = plan;
  const { patch, width: E } = config;
  const chance = random("masked prediction", seed);
  return {
    name: "lab-sslam",
    params: {
      encoder,
      mask_E: tf.tensor1d(normals(E, 0.02, chance)),
      pixels_EX: tf.tensor2d(normals(E * patch * patch, E ** -0.5, chance), [
        E,
        patch * patch,
      ]),
    },
    frozen: [],
    loss: (weights, _, batch) => maskedLoss(weights, batch, config),
    batchAt: (step) => maskedBatch(plan, step),
    schedule,
  };
}

function maskedLoss(
  { encoder, mask_E, pixels_EX }: MaskedWeights,
  { hidden_BP1, mel_BFL }: MaskedBatch,
  config: SslamConfig,
): tf.Scalar {
  const hide = replace("hook_patch", (patch_BPE) =>
    patch_BPE.mul(tf.sub(1, hidden_BP1)).add(hidden_BP1.mul(mask_E)),
  );
  const features_BPE = runSslam(encoder, mel_BFL, { config, tap: hide });
  const [B, P, E] = features_BPE.shape;
  const told_BPX = tf
    .matMul(features_BPE.reshape([B * P, E]), pixels_EX)
    .reshape([B, P, -1]);
  const wanted_BPX = normalizedPatches(mel_BFL, config);
  const error_BP1 = told_BPX.sub(wanted_BPX).square().mean(-1, true);
  const hidden = error_BP1.mul(hidden_BP1).sum();
  return hidden.div<tf.Scalar>(hidden_BP1.sum());
}

/** Pixels of each patch, of mean 0 and variance 1 within it. */
function normalizedPatches(
  mel_BFL: tf.Tensor3D,
  { patch: size }: SslamConfig,
): tf.Tensor3D {
  const [B, F, L] = mel_BFL.shape;
  const pixels_BPX: tf.Tensor3D = mel_BFL
    .reshape<tf.Tensor4D>([(B * F) / size, size, L / size, size])
    .transpose([0, 2, 1, 3])
    .reshape([B, (F / size) * (L / size), size * size]);
  const { mean, variance } = tf.moments(pixels_BPX, -1, true);
  return pixels_BPX.sub(mean).div(variance.add(1e-2).sqrt());
}

function maskedBatch(
  { batchSize: B, config, hidden, pictures, seed }: MaskedPlan,
  step: number,
): MaskedBatch {
  const chance = random("masked batch", seed, step);
  const drawn = () =>
    Array.from({ length: B }, () => chance.integer(0, pictures.length - 1));
  const P =
    (pictures.nFrames / config.patch) * (pictures.nBands / config.patch);
  const nHidden = Math.round(hidden * P);
  const places = Array.from({ length: P }, (_, p) => p);
  const masks = new Float32Array(B * P);
  for (let b = 0; b < B; b++) {
    for (const p of chance.shuffle(places).slice(0, nHidden)) {
      masks[b * P + p] = 1;
    }
  }
  return {
    mel_BFL: tf.tidy(() => {
      const [first, second] = [drawn(), drawn()].map((some) =>
        pictures.batch(some),
      );
      return mixed(first, second, pictures.deviation);
    }),
    hidden_BP1: tf.tensor3d(masks, [B, P, 1]),
  };
}

/** Two pictures of sounds that sound at once: their powers add. */
function mixed(
  first_BFL: tf.Tensor3D,
  second_BFL: tf.Tensor3D,
  deviation: number,
): tf.Tensor3D {
  // ln(e^a + e^b) = max + ln(1 + e^-|a - b|), a and b in nats of power.
  const apart = first_BFL.sub(second_BFL).abs().mul(-deviation);
  return tf
    .maximum(first_BFL, second_BFL)
    .add(apart.exp().add(1).log().div(deviation));
}

const normals = (n: number, spread: number, chance: Random) =>
  Float32Array.from({ length: n }, () => spread * chance.normal());
