import * as tf from "@tensorflow/tfjs";
import type { Checkpoint, TensorInfo } from "../../../checkpoint/checkpoint.ts";
import type { EncoderDeclaration } from "../../../encoder/declaration.ts";
import { clap } from "../../../encoder/declared/clap.ts";
import { sslam } from "../../../encoder/declared/sslam.ts";
import { type SoundGrid, spans } from "../../../encoder/sound-grid.ts";
import {
  namedLeaves,
  type Tensors,
  withLeaves,
} from "../../../tensor/params.ts";
import { sceneOptions } from "../sound/scene.ts";
import { labFrontEnd } from "./front-end.ts";

/** What a lab encoder's file says of itself, in its metadata. */
export const networkKey = "network";

/** Sizes under the names of the official configs. */
const sslamSizes = {
  ...{ embed_dim: 96, depth: 3, num_heads: 4, mlp_ratio: 4 },
  ...{ mel_bins: 64, max_length: 64 },
};

const clapSizes = {
  ...{ patch_embeds_hidden_size: 24, depths: [2, 2, 2] },
  ...{ num_attention_heads: [2, 4, 8] },
  ...{ spec_size: 128, num_mel_bins: 64 },
};

/** Both cut a clip into 16 steps of 4 bands. */
const grid: SoundGrid = {
  axes: ["time", "frequency"],
  steps: 16,
  bands: 4,
  seconds: spans(16, (t) => [
    (t * sceneOptions.seconds) / 16,
    ((t + 1) * sceneOptions.seconds) / 16,
  ]),
  hertz: spans(4, (f) => [
    labFrontEnd.hertz[16 * f][0],
    labFrontEnd.hertz[16 * f + 15][1],
  ]),
};

/**
 * SSLAM's code, small, on the lab's picture.
 *
 * Its files hold the trained tree under our own names.
 */
export const labSslam = inLab(sslam, {
  name: "lab-sslam",
  title: "the lab's SSLAM",
  small: sslamSizes,
});

/** CLAP's audio tower, HTSAT's code, small, on the lab's picture. */
export const labClap = inLab(clap, {
  name: "lab-clap",
  title: "the lab's CLAP",
  small: clapSizes,
});

/** The lab's networks, for `openEncoder` and `randomEncoder`. */
export const labNetworks: readonly EncoderDeclaration[] = [labSslam, labClap];

function inLab<C extends object, W extends Tensors>(
  network: EncoderDeclaration<C, W>,
  own: Pick<EncoderDeclaration, "name" | "small" | "title">,
): EncoderDeclaration<C, W> {
  const startOf: EncoderDeclaration["startOf"] = (tensor) => {
    if (tensor.endsWith("running_mean")) return { middle: 0, spread: 0 };
    if (tensor.endsWith("running_var")) return { middle: 1, spread: 0 };
    return network.startOf?.(tensor);
  };
  return {
    ...network,
    ...own,
    frontEnd: labFrontEnd,
    isOf: ({ metadata, name }) =>
      metadata?.get(networkKey) === own.name || name === `random ${own.name}`,
    configOf: () => network.configOf(own.small),
    gridOf: () => grid,
    load: async (checkpoint, config) =>
      checkpoint.metadata?.get(networkKey) === own.name
        ? treeIn(checkpoint, await network.load(zeros(network, config), config))
        : network.load(checkpoint, config),
    startOf,
    published: [],
  };
}

/** A checkpoint of the official names that is nothing but zeros. */
function zeros<C extends object, W extends Tensors>(
  network: EncoderDeclaration<C, W>,
  config: C,
): Checkpoint {
  const shapes = network.shapesOf(config);
  const tensors = new Map<string, TensorInfo>(
    [...shapes].map(([name, shape]) => [name, { dtype: "F32", shape }]),
  );
  const read = async (name: string) => {
    const shape = shapes.get(name) ?? [];
    const length = shape.reduce((product, n) => product * n, 1);
    return { shape, values: new Float32Array(length) };
  };
  return { name: "zeros", tensors, read, close: async () => {} };
}

/** A tree from a file of its leaves' names; frees `like`. */
async function treeIn<W extends Tensors>(
  checkpoint: Checkpoint,
  like: W,
): Promise<W> {
  const read: tf.Tensor[] = [];
  for (const [name, leaf] of namedLeaves(like)) {
    const { values } = await checkpoint.read(name);
    read.push(tf.tensor(values, leaf.shape));
    leaf.dispose();
  }
  return withLeaves(like, read);
}
