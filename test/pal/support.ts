import * as tf from "@tensorflow/tfjs";
import { toyLlama } from "../../lib/llm/config.ts";
import { initLlama } from "../../lib/llm/llama.ts";
import { plainConnector } from "../../lib/pal/connector/config.ts";
import { furtherDesigns, paperDesigns } from "../../lib/pal/design/designs.ts";
import { atDepth } from "../../lib/pal/design/layer-plan.ts";
import type { Variant } from "../../lib/pal/design/variant.ts";
import {
  type AudioLlm,
  type AudioLlmConfig,
  initAudioConnector,
} from "../../lib/pal/run/audio-llm.ts";
import { normalMatrix } from "../../lib/tensor/layers.ts";
import { random } from "../../lib/tensor/random.ts";

/** Four layers, of which the first is text-only where the paper's four are. */
export const llamaConfig = {
  ...toyLlama,
  nLayers: 4,
  width: 16,
  ffnWidth: 24,
  headWidth: 4,
  vocabularySize: 13,
};
export const tokens = [1, 2, 3, 4, 5, 6];
export const T = tokens.length;
export const audioAt = 2;
export const A = 8;

/** Every design, the paper's and the further ones, in four layers. */
export const designs: readonly Variant[] = [
  ...paperDesigns,
  ...furtherDesigns,
].map(({ variant }) => {
  const shallow = atDepth(variant, llamaConfig.nLayers);
  return typeof shallow.audioPath === "object"
    ? { ...shallow, audioPath: { summaryTokens: 3 } }
    : shallow;
});

export function design(name: string): Variant {
  return designs.find((variant) => variant.name === name)!;
}

export function configOf(variant: Variant): AudioLlmConfig {
  return {
    variant,
    llama: llamaConfig,
    connector: plainConnector({
      query: { steps: 4, bands: 2 },
      width: 8,
      nHeads: 2,
    }),
    encoders: variant.encoders.map((name, i) => ({
      name,
      grid: i === 0 ? { steps: 8, bands: 2 } : { steps: 4, bands: 2 },
      width: 5 + i,
    })),
    audioAt,
  };
}

/** A random model; the same language model for every design. */
export function modelOf(variant: Variant): AudioLlm {
  return {
    llama: initLlama(llamaConfig, random("audio llm")),
    connector: initAudioConnector(configOf(variant), random("its connector")),
  };
}

/** Features of B random clips, as each of the design's encoders has them. */
export function clip(variant: Variant, name = "clip", B = 1): tf.Tensor3D[] {
  return configOf(variant).encoders.map(({ grid, width }) => {
    const P = grid.steps * grid.bands;
    const features_XE = normalMatrix(random(name, width), [B * P, width], 1);
    return features_XE.reshape([B, P, width]);
  });
}

export const textOf = (rows: readonly number[][]): tf.Tensor2D =>
  tf.tensor2d(rows as number[][], [rows.length, rows[0].length], "int32");

/** Operations of all matrix products that an engine is asked for. */
export async function countFlops(
  run: () => tf.TensorContainer,
): Promise<number> {
  const { kernels } = await tf.profile(() => tf.tidy(run));
  return kernels
    .filter(({ name }) => /MatMul/.test(name))
    .reduce((total, { inputShapes, outputShapes }) => {
      const [rows, columns] = inputShapes[0].slice(-2);
      const output = outputShapes[0] as number[];
      // One of the two, transposed or not; the other is the product's inner.
      const inner = (rows * columns) / output[output.length - 2];
      return total + 2 * inner * output.reduce((size, n) => size * n, 1);
    }, 0);
}
