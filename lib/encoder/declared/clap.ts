import { type ClapMelOptions, clapMelOptions } from "../../audio/clap-mel.ts";
import { clapFrontEnd } from "../../audio/front-end.ts";
import { bandSpans, slaney } from "../../audio/mel-scale.ts";
import type { RawConfig } from "../../checkpoint/config-fields.ts";
import type { EncoderDeclaration, HubWeights } from "../declaration.ts";
import { type Htsat, runHtsat } from "../htsat.ts";
import { type HtsatConfig, htsatConfig, stageGrid } from "../htsat-config.ts";
import { type SoundGrid, spans } from "../sound-grid.ts";
import { htsatShapes, loadHtsat } from "../weights/htsat.ts";
import { isLaion, laionConfig } from "../weights/laion.ts";

/** What most published CLAPs are: HTSAT-base. */
const base: RawConfig = {
  patch_embeds_hidden_size: 128,
  depths: [2, 2, 12, 2],
};

const files = [
  ["config.json"],
  ["preprocessor_config.json"],
  ["model.safetensors", "pytorch_model.bin"],
];

const larger: Pick<HubWeights, "files" | "license" | "megabytes" | "config"> = {
  files,
  license: "apache-2.0",
  megabytes: 776,
  config: base,
};

/** CLAP's audio tower, HTSAT: a Swin that learned from sound and captions. */
export const clap: EncoderDeclaration<HtsatConfig, Htsat> = {
  name: "clap",
  title: "CLAP",
  frontEnd: clapFrontEnd,
  isOf: ({ tensors }) =>
    [...tensors.keys()].some((name) => name.includes("patch_embed.proj.")),
  configOf: (raw, checkpoint) =>
    htsatConfig(
      checkpoint && isLaion(checkpoint) ? laionConfig(checkpoint) : raw,
    ),
  gridOf: (config) => htsatGrid(config),
  widthOf: ({ depths, patchWidth }) => patchWidth * 2 ** (depths.length - 1),
  shapesOf: htsatShapes,
  load: loadHtsat,
  run: runHtsat,
  small: {
    patch_embeds_hidden_size: 24,
    depths: [2, 2, 2, 2],
    num_attention_heads: [2, 4, 8, 16],
  },
  startOf: (tensor) => {
    // The log-mel in dB, as the batch norm takes it to about 0 and 1.
    if (tensor.endsWith("running_mean")) return { middle: -50, spread: 0 };
    if (tensor.endsWith("running_var")) return { middle: 30 ** 2, spread: 0 };
    if (tensor.endsWith("bias_table")) return { middle: 0, spread: 0.02 };
    return undefined;
  },
  published: [
    {
      name: "clap-general",
      repository: "laion/larger_clap_general",
      ...larger,
    },
    {
      name: "clap-music-speech",
      repository: "laion/larger_clap_music_and_speech",
      ...larger,
    },
    {
      name: "clap-htsat-unfused",
      repository: "laion/clap-htsat-unfused",
      ...larger,
      megabytes: 614,
      config: {},
    },
    {
      name: "clap-music",
      repository: "laion/larger_clap_music",
      ...larger,
      warning:
        "laion/larger_clap_music is known to be broken: it gives nearly the " +
        "same features for every sound, and the paper does not use it; take " +
        "larger_clap_general or larger_clap_music_and_speech",
    },
  ],
};

/**
 * HTSAT's grid: the frames of a clip, stretched over whole cells.
 *
 * Frames are centered on their time, so a cell reaches half a frame further.
 */
export function htsatGrid(
  config: HtsatConfig,
  options: ClapMelOptions = clapMelOptions,
): SoundGrid {
  const { highest, hopLength, lowest, nSamples, sampleRate } = options;
  const { imageSize, melBands } = config;
  const chunks = imageSize / melBands;
  const grid = stageGrid(config, config.depths.length - 1);
  const steps = grid * chunks;
  const bands = grid / chunks;
  const seconds = nSamples / sampleRate;
  const nFrames = 1 + Math.floor(nSamples / hopLength);
  const stretched = chunks * imageSize;
  const timeOf = (frame: number) =>
    ((frame * (nFrames - 1)) / (stretched - 1)) * (hopLength / sampleRate);
  const perStep = stretched / steps;
  return {
    axes: ["time", "frequency"],
    steps,
    bands,
    seconds: spans(steps, (t) => [
      Math.max(0, timeOf(t * perStep - 0.5)),
      Math.min(seconds, timeOf((t + 1) * perStep - 0.5)),
    ]),
    hertz: bandSpans(bands, slaney, { lowest, highest, nBands: melBands }),
  };
}
