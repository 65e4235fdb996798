import { sharedCrop } from "../../audio/crop.ts";
import { musicnnFrontEnd } from "../../audio/front-end.ts";
import type { EncoderDeclaration, PackageWeights } from "../declaration.ts";
import {
  filtersWidth,
  type Musicnn,
  type MusicnnConfig,
  middleFrames,
  musicnnConfig,
  musicnnWidth,
  runMusicnn,
  temporalKernels,
  timbralKernels,
} from "../musicnn.ts";
import { centeredSpans, timeGrid } from "../sound-grid.ts";
import { loadMusicnn, musicnnShapes } from "../weights/musicnn.ts";

/**
 * Weights of the package: its own choice where none is named, trained on
 * MagnaTagATune, and those trained on the Million Song Dataset.
 */
function packaged(
  name: string,
  folder: string,
  kept: { readonly bytes: number; readonly sha256: string },
): PackageWeights {
  const shard = ".data-00000-of-00001";
  return {
    name,
    pypi: {
      project: "musicnn",
      file: "musicnn-0.1.0-py3-none-any.whl",
      bytes: 29_292_476,
      sha256:
        "f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa",
    },
    members: {
      "model.index": `musicnn/${folder}/.index`,
      [`model${shard}`]: `musicnn/${folder}/${shard}`,
    },
    opened: { file: "model.index" },
    kept: [{ path: "model.safetensors", ...kept }],
    license: "isc",
    credit:
      "Jordi Pons and Xavier Serra, musicnn: Pre-trained convolutional neural " +
      "networks for music audio tagging, ISMIR 2019, late-breaking; copyright " +
      "Music Technology Group, Universitat Pompeu Fabra",
    megabytes: 29,
    config: {},
  };
}

/** musicnn: convolutions that learned to tag music; it hears no frequency. */
export const musicnn: EncoderDeclaration<MusicnnConfig, Musicnn> = {
  name: "musicnn",
  title: "musicnn",
  frontEnd: musicnnFrontEnd,
  isOf: ({ tensors }) =>
    tensors.has("conv2d_7/kernel") &&
    tensors.has("batch_normalization_8/gamma"),
  configOf: musicnnConfig,
  gridOf: ({ steps }) => {
    const { hop, start } = musicnnFrontEnd;
    const { seconds } = sharedCrop;
    const spans = centeredSpans(steps, { hop, start, seconds });
    return timeGrid(spans, musicnnFrontEnd);
  },
  widthOf: musicnnWidth,
  shapesOf: musicnnShapes,
  load: loadMusicnn,
  run: runMusicnn,
  small: { timbral: 16, temporal: 4, middle: 8 },
  startOf: (tensor) => {
    if (/\/(gamma|moving_variance)$/.test(tensor)) {
      return { middle: 1, spread: 0 };
    }
    if (!tensor.endsWith("/kernel")) return undefined;
    return { middle: 0, spread: inputsOf(tensor) ** -0.5 };
  },
  published: [
    packaged("musicnn", "MTT_musicnn", {
      bytes: 1_900_060,
      sha256:
        "5da3e2abda58395f7f4bae2f308852d6cec2c0ea8e260170de74eb440560d0cf",
    }),
    packaged("musicnn-msd", "MSD_musicnn", {
      bytes: 1_900_060,
      sha256:
        "9d7300daceabe23aa072ff61ddf5a28059e84f81a441a9fe2d9089013e845a8b",
    }),
  ],
};

/** Numbers that a kernel of the small network sums: its rows have length 1. */
function inputsOf(kernel: string): number {
  const [, i = "0"] = /_(\d+)\//.exec(kernel) ?? [];
  const config = musicnnConfig(musicnn.small);
  const filters = [...timbralKernels, ...temporalKernels].map(
    ([frames, bands]) => frames * bands,
  );
  const first = middleFrames * filtersWidth(config);
  return [...filters, first][Number(i)] ?? middleFrames * config.middle;
}
