import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import {
  paperConnector,
  plainConnector,
} from "../../../lib/pal/connector/config.ts";
import { initConnector } from "../../../lib/pal/connector/connector.ts";
import {
  countConnector,
  matchedWidth,
} from "../../../lib/pal/connector/size.ts";
import { countParameters } from "../../../lib/tensor/params.ts";
import { random } from "../../../lib/tensor/random.ts";
import { startEngine } from "../../use-engine.ts";
import { clap, configs, encoderSets, smallConnector, sslam } from "./sizes.ts";

const paperEncoders = [
  { name: "sslam", grid: { steps: 64, bands: 8 }, width: 768 },
];

describe("a connector's size", () => {
  before(startEngine);

  it("is what a built one holds, in every setting", () => {
    const counts = fc.integer({ min: 1, max: 3 });
    fc.assert(
      fc.property(configs, encoderSets, counts, counts, (...drawn) => {
        const [config, encoders, nCrossAttentions, nProjections] = drawn;
        const counted = { nCrossAttentions, nProjections };
        const sizes = { config, encoders, width: 4, ...counted };
        tf.tidy(() => {
          const connector = initConnector(sizes, random("size"));
          assert.deepEqual(countConnector(sizes), {
            crossAttentions: countParameters(connector.crossAttentions),
            projections: countParameters(connector.projections),
            total: countParameters(connector),
          });
        });
      }),
      { numRuns: 60, seed: 4 },
    );
  });

  it("of the paper's is known: 12 separate ones, and a shared one", () => {
    const sizes = {
      config: paperConnector,
      encoders: paperEncoders,
      width: 2048,
      nProjections: 12,
    };
    // Latent, query, key and value, places of 2 x 4 cells.
    const crossAttention = 1024 + 1024 ** 2 + 2 * 768 * 1024 + 8 * 768;
    const projections = 12 * 1024 * 2048;
    assert.deepEqual(countConnector({ ...sizes, nCrossAttentions: 12 }), {
      crossAttentions: 12 * crossAttention,
      projections,
      total: 56_709_120,
    });
    assert.deepEqual(countConnector({ ...sizes, nCrossAttentions: 1 }), {
      crossAttentions: crossAttention,
      projections,
      total: 27_794_432,
    });
  });
});

describe("the matched width", () => {
  const single = (config: typeof paperConnector, width: number) =>
    countConnector({
      config: { ...config, width },
      encoders: paperEncoders,
      width: 2048,
      nCrossAttentions: 1,
      nProjections: 1,
    }).total;

  it("is the own one for one connector", () => {
    const options = { encoders: [sslam, clap], width: 4, nOutputs: 1 };
    assert.equal(matchedWidth(smallConnector, options), smallConnector.width);
  });

  it("has the nearest number of parameters to separate ones", () => {
    for (const nOutputs of [2, 12, 16]) {
      const options = { encoders: paperEncoders, width: 2048, nOutputs };
      const width = matchedWidth(paperConnector, options);
      const target = nOutputs * single(paperConnector, 1024);
      const off = (C: number) => Math.abs(single(paperConnector, C) - target);
      assert.equal(width % 16, 0);
      assert.ok(off(width) <= off(width - 16));
      assert.ok(off(width) <= off(width + 16));
      assert.ok(off(width) / target < 0.005);
    }
  });

  it("can be shared among the heads and the parts of a position", () => {
    const config = { ...smallConnector, width: 12, nHeads: 6 };
    const options = { encoders: [sslam], width: 4, nOutputs: 5 };
    assert.equal(matchedWidth(config, options) % 12, 0);
  });
});

describe("a connector's config is refused", () => {
  const refused = (config: typeof paperConnector, message: string) => {
    const counts = { nCrossAttentions: 1, nProjections: 1 };
    const sizes = { config, encoders: [sslam], width: 4, ...counts };
    assert.throws(() => initConnector(sizes, random("refused")), {
      name: "RangeError",
      message,
    });
  };

  it("where the heads do not share the width", () => {
    const sizes = { query: smallConnector.query, width: 10, nHeads: 4 };
    refused(
      plainConnector(sizes),
      "initConnector: expected a width divisible by 4, got 10 " +
        '(4 heads, positions "none")',
    );
  });

  it("where a position's parts do not", () => {
    refused(
      { ...smallConnector, width: 18, nHeads: 6 },
      "initConnector: expected a width divisible by 12, got 18 " +
        '(6 heads, positions "sin-cos")',
    );
  });

  it("where nothing reads", () => {
    refused(
      { ...smallConnector, depth: 0 },
      "initConnector: expected depth to be a whole number above 0, got 0",
    );
    refused(
      { ...smallConnector, query: { steps: 0, bands: 2 } },
      "initConnector: expected steps to be a whole number above 0, got 0",
    );
  });
});
