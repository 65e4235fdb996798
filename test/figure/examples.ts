import { comparison } from "../../lib/figure/comparison.ts";
import { curves } from "../../lib/figure/curves.ts";
import type { Figure } from "../../lib/figure/figure.ts";
import { spectrogram } from "../../lib/figure/spectrogram.ts";
import { designColors } from "../../lib/figure/theme.ts";

export const designs = Object.keys(designColors);

/** Numbers from 0 to 1 that are the same in every run. */
export function noise(): () => number {
  let state = 7;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** Scores of all designs on each group, five seeds each. */
export function scores(groups: readonly string[]) {
  const random = noise();
  return groups.flatMap((group) =>
    designs.flatMap((design, rank) =>
      [0, 1, 2, 3, 4].map((seed) => ({
        design,
        group,
        seed,
        score: 40 + 12 * rank + 12 * random(),
      })),
    ),
  );
}

/** Falling losses: all designs, two seeds each. */
export function losses(nSteps: number) {
  const random = noise();
  return designs.flatMap((design, rank) =>
    [0, 1].flatMap((seed) =>
      Array.from({ length: nSteps }, (_, step) => ({
        design,
        seed,
        step,
        value: 0.4 + 3 * Math.exp(-step / (30 + 5 * rank)) + 0.2 * random(),
      })),
    ),
  );
}

/** Middle of each of `n` bands, rising as mel-spaced ones do. */
export function bandHz(n: number): number[] {
  return Array.from({ length: n }, (_, i) => 700 * (1.04 ** (i + 1) - 1));
}

/** A picture of noise: the worst case for the size of its files. */
export function noisePicture(unit: "dB" | "nats" = "dB"): Figure {
  const random = noise();
  const nFrames = 300;
  const nBands = 64;
  return spectrogram(
    {
      values: Float32Array.from(
        { length: nFrames * nBands },
        () => -18 * random(),
      ),
      nFrames,
      nBands,
    },
    {
      name: `noise-${unit}`,
      title: "Noise fills every band",
      subtitle: "64 mel bands, 10 ms a frame",
      hop: 0.01,
      bandHz: bandHz(nBands),
      unit,
    },
  );
}

/** One figure of each kind, with long words and full axes. */
export function everyKind(): Figure[] {
  return [
    comparison(scores(["Which sound?", "How many sounds are there?"]), {
      name: "scores",
      title:
        "Each hypothesis adds to the one before it, and the last of them, " +
        "with a connector for all layers, to all of them <together> & more",
      subtitle: "240 clips, 12 classes, seeds 0 to 4; tensorflow engine",
      axis: "Accuracy (%)",
      chance: { "Which sound?": 8.3, "How many sounds are there?": 50 },
    }),
    curves(losses(500), {
      name: "losses",
      title: "All designs end at the same loss",
      subtitle: "Training loss, seeds 0 and 1",
      axis: "Loss (nats per token)",
    }),
    noisePicture("dB"),
    noisePicture("nats"),
  ];
}
