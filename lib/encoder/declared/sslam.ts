import { type FbankOptions, sslamFbank } from "../../audio/fbank.ts";
import { sslamFrontEnd } from "../../audio/front-end.ts";
import { bandSpans, htk } from "../../audio/mel-scale.ts";
import type { EncoderDeclaration } from "../declaration.ts";
import { type SoundGrid, spans } from "../sound-grid.ts";
import {
  runSslam,
  type Sslam,
  type SslamConfig,
  sslamConfig,
} from "../sslam.ts";
import { loadSslam, sslamShapes } from "../weights/sslam.ts";

/** SSLAM: a ViT that learned from sound alone, mixtures above all. */
export const sslam: EncoderDeclaration<SslamConfig, Sslam> = {
  name: "sslam",
  title: "SSLAM",
  frontEnd: sslamFrontEnd,
  isOf: ({ tensors }) =>
    [...tensors.keys()].some((name) => name.includes("local_encoder.proj.")),
  configOf: (raw) => sslamConfig(raw),
  gridOf: (config) => sslamGrid(config, sslamFrontEnd.nFrames),
  widthOf: ({ width }) => width,
  shapesOf: (config) => sslamShapes(config),
  load: loadSslam,
  run: runSslam,
  small: { embed_dim: 96, depth: 2, num_heads: 4 },
  startOf: (tensor) =>
    /(positions|extra_tokens)$/.test(tensor)
      ? { middle: 0, spread: 0.02 }
      : undefined,
  published: [
    {
      name: "sslam",
      repository: "ta012/SSLAM_pretrain",
      files: [["config.json"], ["model.safetensors"]],
      license: "mit",
      megabytes: 360,
      config: {},
    },
  ],
};

/**
 * SSLAM's grid: patches of whole frames, so neighbors share the part of a
 * window that is longer than a hop.
 *
 * @param nFrames - frames of the picture, padding included
 */
export function sslamGrid(
  { melBands, patch }: SslamConfig,
  nFrames: number,
  options: FbankOptions = sslamFbank,
): SoundGrid {
  const { highest, hopLength, lowest, sampleRate, windowLength } = options;
  const steps = nFrames / patch;
  const bands = melBands / patch;
  const startOf = (frame: number) => (frame * hopLength) / sampleRate;
  return {
    axes: ["time", "frequency"],
    steps,
    bands,
    seconds: spans(steps, (t) => [
      startOf(t * patch),
      startOf((t + 1) * patch - 1) + windowLength / sampleRate,
    ]),
    hertz: bandSpans(bands, htk, { lowest, highest, nBands: melBands }),
  };
}
