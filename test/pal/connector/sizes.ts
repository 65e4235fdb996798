import type * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import type { EncoderSizes } from "../../../lib/encoder/encoder.ts";
import {
  type ConnectorConfig,
  paperConnector,
} from "../../../lib/pal/connector/config.ts";
import { normalMatrix } from "../../../lib/tensor/layers.ts";
import { random } from "../../../lib/tensor/random.ts";

/** The paper's connector, small. */
export const smallConnector: ConnectorConfig = {
  ...paperConnector,
  query: { steps: 4, bands: 2 },
  width: 8,
  nHeads: 2,
};

/** As the paper's encoders: two cells a region, one cell, and ragged. */
export const sslam: EncoderSizes = {
  name: "sslam",
  grid: { steps: 8, bands: 4 },
  width: 6,
};
export const clap: EncoderSizes = {
  name: "clap-general",
  grid: { steps: 4, bands: 2 },
  width: 5,
};
export const uneven: EncoderSizes = {
  name: "uneven",
  grid: { steps: 7, bands: 3 },
  width: 3,
};

/** Random features_BPE of an encoder. */
export function featuresOf(
  { grid, name, width: E }: EncoderSizes,
  B = 2,
): tf.Tensor3D {
  const P = grid.steps * grid.bands;
  return normalMatrix(random("features", name), [B * P, E], 1).reshape([
    B,
    P,
    E,
  ]);
}

/** Any setting of a small connector. */
export const configs: fc.Arbitrary<ConnectorConfig> = fc.record({
  query: fc.constantFrom(
    { steps: 8, bands: 4 },
    { steps: 4, bands: 2 },
    { steps: 3, bands: 2 },
    { steps: 1, bands: 1 },
  ),
  width: fc.constantFrom(8, 16),
  nHeads: fc.constantFrom(1, 2, 4),
  depth: fc.constantFrom(1, 2),
  positions: fc.constantFrom("none", "sin-cos", "learned"),
  cellPositions: fc.constantFrom("none", "learned"),
  hasNorms: fc.boolean(),
  hasResidual: fc.boolean(),
  hasMlp: fc.boolean(),
  softmax: fc.constantFrom("joint", "per-encoder"),
  projection: fc.constantFrom("linear", "mlp"),
  arithmetic: fc.constantFrom("folded", "per-cell"),
});

/** One encoder or more, of any of the grids. */
export const encoderSets: fc.Arbitrary<EncoderSizes[]> = fc.subarray(
  [
    sslam,
    clap,
    uneven,
    { ...clap, name: "row", grid: { steps: 32, bands: 1 } },
  ],
  { minLength: 1 },
);
