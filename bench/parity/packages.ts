import * as tf from "@tensorflow/tfjs";
import {
  aisfxLibrosaMel,
  aisfxMel,
  type CompressedMelOptions,
  compressedMel,
  musicnnMel,
} from "../../lib/audio/compressed-mel.ts";
import type { StoredTensor } from "../../lib/checkpoint/checkpoint.ts";
import { fieldsOf } from "../../lib/checkpoint/config-fields.ts";
import { aisfx } from "../../lib/encoder/declared/aisfx.ts";
import { musicnn } from "../../lib/encoder/declared/musicnn.ts";
import { filtersWidth } from "../../lib/encoder/musicnn.ts";
import { disposeTensors } from "../../lib/tensor/params.ts";
import { type Fixture, input, type Kind, toStored } from "./fixture.ts";
import { samplesOf } from "./front-ends.ts";

type Outputs = Map<string, StoredTensor>;

/** The first frames of a clip's picture. */
function pictureOf(
  fixture: Fixture,
  options: CompressedMelOptions,
  frames: number,
): StoredTensor {
  const { nBands, values } = compressedMel(
    samplesOf(fixture, "samples"),
    options,
  );
  const shape = [frames, nBands];
  return { shape, values: values.slice(0, frames * nBands) };
}

const framesIn = (fixture: Fixture, tensor: string) =>
  input(fixture, tensor).shape[0];

/** What aiSFX's package makes of a clip by default, before its network. */
export const aisfxMelKind: Kind = {
  name: "aisfx-essentia",
  isOf: ({ io }) => io.has("samples") && io.has("normed"),
  inputs: ["samples"],
  tolerance: () => ({ max: 1e-5 }),
  run: async (fixture) => {
    const frames = framesIn(fixture, "normed");
    return new Map([["normed", pictureOf(fixture, aisfxMel, frames)]]);
  },
};

/**
 * aiSFX's network: with the published weights behind the package's front-end, or
 * as `aisfx-tiny` has it, with librosa's log-mel that nothing divides.
 */
export const aisfxKind: Kind = {
  name: "aisfx",
  isOf: ({ model }) => model !== undefined && aisfx.isOf(model),
  inputs: ["samples"],
  tolerance: (tensor) => ({ max: tensor === "log_mel" ? 1e-5 : 2e-4 }),
  run: async (fixture) => {
    const outputs: Outputs = new Map();
    const frames = fieldsOf("parity", fixture.config).count("frames", 88);
    const isWhole = fixture.io.has("grid_steps");
    const options = isWhole
      ? aisfxMel
      : { ...aisfxLibrosaMel, divisor: 1 as const };
    if (fixture.io.has("log_mel")) {
      const heard = framesIn(fixture, "log_mel");
      outputs.set("log_mel", pictureOf(fixture, options, heard));
    }
    const { shape, values } = pictureOf(fixture, options, frames);
    const config = aisfx.configOf({}, fixture.model);
    const weights = await aisfx.load(fixture.model!, config);
    tf.tidy(() => {
      const mel_BFL = tf.tensor3d(values, [1, shape[0], shape[1]]);
      const features_BPE = aisfx.run(weights, mel_BFL, { config });
      const E = aisfx.widthOf(config);
      const grid = features_BPE
        .reshape<tf.Tensor4D>([1, -1, 12, E])
        .transpose([0, 3, 1, 2]);
      outputs.set("grid_BCTF", toStored(grid));
      outputs.set("embedding", toStored(grid.mean(3).max(2)));
      const first = grid.slice([0, 0, 0, 0], [1, E, 1, 12]).reshape([E, 12]);
      outputs.set("grid_first_frame_CF", toStored(first));
      outputs.set("grid_steps", toStored(pick(grid, fixture, "steps", 2)));
    });
    disposeTensors(weights);
    return outputs;
  },
};

/** musicnn's first window; the tags behind its features are not ours. */
export const musicnnKind: Kind = {
  name: "musicnn",
  isOf: ({ model }) => model !== undefined && musicnn.isOf(model),
  inputs: ["samples", "tags"],
  tolerance: (tensor) => ({ max: tensor === "log_mel" ? 1e-5 : 2e-4 }),
  run: async (fixture) => {
    const outputs: Outputs = new Map();
    if (fixture.io.has("log_mel")) {
      const heard = framesIn(fixture, "log_mel");
      outputs.set("log_mel", pictureOf(fixture, musicnnMel, heard));
    }
    const config = musicnn.configOf({}, fixture.model);
    const frames = config.windowFrames;
    const { shape, values } = pictureOf(fixture, musicnnMel, frames);
    const weights = await musicnn.load(fixture.model!, config);
    tf.tidy(() => {
      const mel_BFL = tf.tensor3d(values, [1, shape[0], shape[1]]);
      const all_BPE = musicnn.run(weights, mel_BFL, { config });
      const filters = filtersWidth(config);
      const front_BPE = all_BPE.slice([0, 0, 0], [1, frames, filters]);
      outputs.set("midend", toStored(all_BPE));
      outputs.set("frontend", toStored(front_BPE));
      outputs.set("midend_frames", toStored(pick(all_BPE, fixture, "frames")));
      const four = (x: tf.Tensor3D) =>
        toStored(x.slice([0, 0, 0], [1, 4, -1]).squeeze([0]));
      outputs.set("midend_first_frames", four(all_BPE));
      outputs.set("frontend_first_frames", four(front_BPE));
    });
    disposeTensors(weights);
    return outputs;
  },
};

/** Those places of an axis that a fixture's settings list; the first if none. */
function pick(
  x: tf.Tensor,
  { config }: Fixture,
  field: string,
  axis = 1,
): tf.Tensor {
  const places = Array.isArray(config[field]) ? config[field] : [0];
  return tf.gather(x, tf.tensor1d(places.map(Number), "int32"), axis);
}
