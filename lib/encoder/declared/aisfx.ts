import {
  aisfxMel,
  type CompressedMelOptions,
} from "../../audio/compressed-mel.ts";
import { sharedCrop } from "../../audio/crop.ts";
import { aisfxFrontEnd } from "../../audio/front-end.ts";
import { bandSpans, htk } from "../../audio/mel-scale.ts";
import {
  type Aisfx,
  type AisfxConfig,
  aisfxConfig,
  aisfxStride,
  aisfxWidth,
  convName,
  runAisfx,
} from "../aisfx.ts";
import type { EncoderDeclaration } from "../declaration.ts";
import { centeredSpans, type SoundGrid } from "../sound-grid.ts";
import { aisfxShapes, loadAisfx } from "../weights/aisfx.ts";

/** aiSFX: a VGG that learned to name sound effects, in nine libraries at once. */
export const aisfx: EncoderDeclaration<AisfxConfig, Aisfx> = {
  name: "aisfx",
  title: "aiSFX",
  frontEnd: aisfxFrontEnd,
  isOf: ({ tensors }) => tensors.has(convName(0, 1)),
  configOf: aisfxConfig,
  gridOf: (config) => aisfxGrid(config, aisfxFrontEnd.nFrames),
  widthOf: aisfxWidth,
  shapesOf: aisfxShapes,
  load: loadAisfx,
  run: runAisfx,
  small: { channels: 8 },
  startOf: (tensor) => {
    // What is above 0 has half the power: the norm's scale makes up for it.
    if (/\.bn\d\.weight$/.test(tensor))
      return { middle: Math.SQRT2, spread: 0 };
    if (tensor.endsWith("running_var")) return { middle: 1, spread: 0 };
    return undefined;
  },
  published: [
    {
      name: "aisfx",
      package: {
        name: "aisfx",
        version: "0.1.2",
        file: "aisfx-0.1.2-py2.py3-none-any.whl",
        bytes: 23_140_952,
        sha256:
          "bfe219950715af179e9a1653e7117cc1852baef267cd6596c42cad74afe1d194",
      },
      checkpoint: {
        file: "aisfx/models/checkpoint.pth",
        bytes: 24_900_277,
        sha256:
          "499ea75909c932a2f94c35fa722fa4fabc5bcb7e84917209cc5f7402627b7eb5",
        // A pair: the tensors, and the libraries that the classifiers are for.
        part: "0",
      },
      // License and credit are in it.
      kept: {
        file: "model.safetensors",
        bytes: 18_764_336,
        sha256:
          "484137d2b523ba07e0a90458f3585d9cd9908fda4611d99ea6b02a5a079202c7",
      },
      license: "cc-by-4.0",
      credit:
        "Alison Bernice Ma and Alexander Lerch, Representation Learning for " +
        "the Automatic Indexing of Sound Effects Libraries, ISMIR 2022",
      megabytes: 23,
      config: {},
    },
  ],
};

/**
 * aiSFX's grid: whole cells of frames, each centered on its time.
 *
 * @param nFrames - frames of the picture, padding included
 */
function aisfxGrid(
  config: AisfxConfig,
  nFrames: number,
  options: CompressedMelOptions = aisfxMel,
): SoundGrid {
  const stride = aisfxStride(config);
  const { hopLength, sampleRate } = options;
  const steps = Math.floor(nFrames / stride);
  const bands = config.melBands / stride;
  return {
    axes: ["time", "frequency"],
    steps,
    bands,
    seconds: centeredSpans(steps, {
      hop: (stride * hopLength) / sampleRate,
      // The middle of a cell's frames lies half a cell less half a hop on.
      start: ((stride - 1) / 2) * (hopLength / sampleRate),
      seconds: sharedCrop.seconds,
    }),
    hertz: bandSpans(bands, htk, { ...options, nBands: config.melBands }),
  };
}
