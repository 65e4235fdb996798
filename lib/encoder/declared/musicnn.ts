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

/** What the sets of weights in the package have in common. */
const packaged: Omit<PackageWeights, "name" | "checkpoint" | "kept"> = {
  package: {
    name: "musicnn",
    version: "0.1.0",
    file: "musicnn-0.1.0-py3-none-any.whl",
    bytes: 29_292_476,
    sha256: "f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa",
  },
  license: "isc",
  credit:
    "Jordi Pons and Xavier Serra, musicnn: Pre-trained convolutional neural " +
    "networks for music audio tagging, ISMIR 2019, late-breaking; copyright " +
    "Music Technology Group, Universitat Pompeu Fabra",
  megabytes: 29,
  config: {},
};

/** Trained on MagnaTagATune: the package's own choice where none is named. */
const magnaTagATune: PackageWeights = {
  ...packaged,
  name: "musicnn",
  checkpoint: {
    file: "musicnn/MTT_musicnn/.index",
    bytes: 4948,
    sha256: "da2d7bb670b2b31e9bc441bb1bd75eca31b5b061f963cc1f9630c1aff3238f57",
  },
  shards: [
    {
      file: "musicnn/MTT_musicnn/.data-00000-of-00001",
      bytes: 9_465_596,
      sha256:
        "041f3935e981a65cea739842d30c188d3a7d2adf4410955c8668eb3de4a5acab",
    },
  ],
  kept: {
    file: "model.safetensors",
    bytes: 1_900_060,
    sha256: "5da3e2abda58395f7f4bae2f308852d6cec2c0ea8e260170de74eb440560d0cf",
  },
};

const millionSongs: PackageWeights = {
  ...packaged,
  name: "musicnn-msd",
  checkpoint: {
    file: "musicnn/MSD_musicnn/.index",
    bytes: 4948,
    sha256: "87f3e0f3550c8d3bafc840374003e5c8af5eeb5ecf6add61af09a7822d3282c8",
  },
  shards: [
    {
      file: "musicnn/MSD_musicnn/.data-00000-of-00001",
      bytes: 9_465_596,
      sha256:
        "8579734ee6388f799ed0def4bbd0d1fdcbeaf213ef2a9dc860917bd76a303de6",
    },
  ],
  kept: {
    file: "model.safetensors",
    bytes: 1_900_060,
    sha256: "9d7300daceabe23aa072ff61ddf5a28059e84f81a441a9fe2d9089013e845a8b",
  },
};

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
  published: [magnaTagATune, millionSongs],
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
