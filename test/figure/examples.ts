import { comparison } from "../../lib/figure/comparison.ts";
import { curves } from "../../lib/figure/curves.ts";
import { breakdown } from "../../lib/figure/design/breakdown.ts";
import {
  type DesignRow,
  designDiagram,
} from "../../lib/figure/design/diagram.ts";
import { layerMap } from "../../lib/figure/design/layer-map.ts";
import type { Drawing, Figure } from "../../lib/figure/figure.ts";
import { neighbors } from "../../lib/figure/neighbors.ts";
import { spectrograms } from "../../lib/figure/sound/spectrograms.ts";
import { tokenGrid } from "../../lib/figure/sound/token-grid.ts";
import { spectrogram } from "../../lib/figure/spectrogram.ts";
import { designColors } from "../../lib/figure/theme.ts";
import { linePanels } from "../../lib/figure/training/lines.ts";
import { movement } from "../../lib/figure/training/movement.ts";
import { fused, inStream } from "./design/examples.ts";

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

type Span = readonly [number, number];

/** `n` spans next to each other, from 0 on. */
function spans(n: number, width: number): Span[] {
  return Array.from({ length: n }, (_, i) => [i * width, (i + 1) * width]);
}

/** A fine and a coarse panel on other parts of the sound. */
const twoGrids = [
  { name: "fine", seconds: spans(64, 0.16), hertz: spans(8, 990) },
  { name: "coarse", seconds: spans(32, 0.3125), hertz: spans(2, 7000) },
] as const;

/** Figures over seconds and hertz, one with each kind of cell. */
function soundFigures(): Figure[] {
  const random = noise();
  const values = Array.from({ length: 512 }, random);
  const [fine, coarse] = twoGrids;
  return [
    spectrograms(
      twoGrids.map(({ name, hertz }) => ({
        name,
        hertz,
        nFrames: 300,
        nBands: hertz.length,
        values: Array.from({ length: 300 * hertz.length }, () => 60 * random()),
        start: 0,
        hop: 0.03,
      })),
      { name: "pictures", title: "Two pictures of one sound" },
    ),
    tokenGrid(
      [
        { ...fine, values, marked: [100] },
        { ...coarse, values: values.slice(0, 64), marked: [40] },
      ],
      { name: "tokens", title: "Some tokens are like this one" },
    ),
    tokenGrid(
      [
        { ...fine, marked: [424, 425, 432, 433] },
        { ...coarse, marked: [52] },
      ],
      { name: "region", title: "A region in two grids", moments: [8.4, 8.8] },
    ),
  ];
}

const partNames = [
  "connector",
  "attention: projections",
  "attention: scores",
  "FFN",
  "unembedding",
];

/** Shares of a whole for each design, in two groups. */
function parts() {
  const random = noise();
  return ["forward pass", "stage 1 step"].flatMap((group) =>
    designs.flatMap((design) =>
      partNames.map((part) => ({
        group,
        design,
        part,
        value: 100 * random(),
      })),
    ),
  );
}

/** A change for each design at 6 layers and 9 tokens, none before the fourth. */
function changes(tokens: readonly string[]) {
  const random = noise();
  return designs.flatMap((design) =>
    [0, 1, 2, 3, 4, 5].flatMap((layer) =>
      tokens.map((_, token) => ({
        design,
        layer,
        token,
        value: token < 4 ? 0 : random(),
      })),
    ),
  );
}

const tokens = "listen to the clip what do you hear ?".split(" ");

/** A design in a model of 6 layers. */
const short = (design: DesignRow): DesignRow => ({
  ...design,
  layers: design.layers.slice(0, 6),
});

/** `n` points of a wave, over a long axis. */
function wave(n: number, height: number): [number, number][] {
  return Array.from({ length: n }, (_, i) => [
    1000 * i,
    height * (1.5 + Math.sin(i / 9)),
  ]);
}

/** Small numbers with names at their peaks, large ones with names at the end. */
function trainingFigures(): Figure[] {
  const parts = ["connector.crossAttentions.11", "llama.blocks.15", "a & b"];
  return [
    linePanels(
      [
        {
          axis: "Learning rate",
          namesAt: "peak",
          lines: [
            { name: "stage 1", points: wave(30, 1e-4) },
            {
              name: "stage <2>",
              points: wave(30, 2e-5).map(([x, y]) => [40_000 + x, y]),
            },
          ],
        },
        {
          axis: "Left of a weight (%)",
          lines: [60, 30, 12].map((height) => ({
            name: `decay ${height / 100}`,
            points: wave(70, height),
          })),
        },
        {
          axis: "Gradient's norm",
          level: { name: "above: shortened", value: 1 },
          lines: [{ points: wave(70, 0.4) }],
        },
      ],
      { name: "lines", title: "Three things in time", xAxis: "Optimizer step" },
    ),
    movement(
      ["stage 1", "stage 2", "stage 3"].flatMap((stage, s) =>
        parts.map((part, p) => ({ stage, part, percent: p * 3 ** s })),
      ),
      {
        name: "moved",
        title: "One of three parts does not move in any of the three stages",
        subtitle: "attention-only, seed 1",
      },
    ),
  ];
}

/** One figure of each kind, with long words and full axes. */
export function everyKind(): (Figure | Drawing)[] {
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
      level: { name: "without listening", value: 2.5 },
    }),
    noisePicture("dB"),
    noisePicture("nats"),
    designDiagram([short(fused)], {
      name: "one-design",
      title: "Each layer from the fourth hears tokens of its own",
    }),
    designDiagram(
      Array(7).fill({ ...short(inStream), note: "encoders: three" }),
      {
        name: "many-designs",
        title: "Seven designs, two rows",
        subtitle: "all of them the same",
      },
    ),
    breakdown(parts(), {
      name: "cost",
      title: "Where the operations are",
      axis: "Operations (GFLOPs)",
    }),
    layerMap(changes(tokens), {
      name: "changes",
      title: "Text moves after the audio",
      axis: "Relative change",
      tokens,
      audioAt: 4,
    }),
    ...soundFigures(),
    ...trainingFigures(),
    neighbors(
      ["Piano", "Marimba, xylophone"].flatMap((label, i) =>
        ["one space", "another"].map((space) => ({
          space,
          label,
          isSame: i === 0,
          cosine: 0.99 - i / 10,
        })),
      ),
      {
        name: "near",
        // In Arimo these fill a line each.
        title: "A piano is nearer to a piano than to a marimba in both of them",
        subtitle: "64 clips; one space: random weights; another: random too",
        of: "Piano, of TimGM6mb",
      },
    ),
  ];
}
