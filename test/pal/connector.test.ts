import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import {
  type Connector,
  connect,
  initConnector,
  readRegions,
} from "../../lib/pal/connector.ts";
import { normalMatrix } from "../../lib/tensor/layers.ts";
import { leaves, namedLeaves, withLeaves } from "../../lib/tensor/params.ts";
import { random } from "../../lib/tensor/random.ts";
import { assertClose, distance } from "../close.ts";
import { startEngine } from "../use-engine.ts";

const sizes = {
  config: { width: 8, nHeads: 2 },
  encoderWidths: [6, 5],
  width: 4,
  nCrossAttentions: 1,
  nProjections: 1,
};
const make = (changes: Partial<typeof sizes> = {}) =>
  initConnector({ ...sizes, ...changes }, random("connector test"));

/** features_BARE of random numbers. */
const features = (name: string, shape: [number, number, number, number]) => {
  const [B, A, R, E] = shape;
  return normalMatrix(random(name), [B * A * R, E], 1).reshape<tf.Tensor4D>(
    shape,
  );
};
const sslam_BARE = () => features("sslam", [2, 5, 3, 6]);
const clap_BARE = () => features("clap", [2, 5, 1, 5]);

describe("connector", () => {
  before(startEngine);

  it("lets each latent token read its own region only", () => {
    const connector = make();
    const onlyRegion3 = tf
      .oneHot(tf.tensor1d([3], "int32"), 5)
      .reshape([1, 5, 1, 1]);
    const nudged = sslam_BARE().add<tf.Tensor4D>(onlyRegion3);
    const [still] = connect(connector, [sslam_BARE(), clap_BARE()], 2);
    const [moved] = connect(connector, [nudged, clap_BARE()], 2);
    const moved_A = [...moved.sub(still).abs().max([0, 2]).dataSync()];
    assert.deepEqual(
      moved_A.map((x) => x > 1e-4),
      [false, false, false, true, false],
    );
  });

  it("adds no token for an encoder more", () => {
    const one = make({ encoderWidths: [6] });
    const [few] = connect(one, [sslam_BARE()], 2);
    const [many] = connect(make(), [sslam_BARE(), clap_BARE()], 2);
    assert.deepEqual(few.shape, many.shape);
    assert.ok(distance(few, many) > 1e-3);
  });

  it("passes a single patch on whatever the query: one key, one weight", () => {
    const [cross] = make({ encoderWidths: [5] }).crossAttentions;
    const [{ value_EC }] = cross.readers;
    const value_XC = clap_BARE().reshape<tf.Tensor2D>([10, 5]).matMul(value_EC);
    const expected = value_XC.add(cross.latent_C);
    assertClose(readRegions(cross, [clap_BARE()], 2), expected);
  });

  it("does not mind the order of patches inside a region", () => {
    const connector = make({ encoderWidths: [6] });
    const [one] = connect(connector, [sslam_BARE()], 2);
    const [two] = connect(connector, [sslam_BARE().reverse(2)], 2);
    assertClose(one, two);
  });

  it("has one cross-attention for all layers when it is shared", () => {
    const shared = make({ nProjections: 3 });
    const separate = make({ nCrossAttentions: 3, nProjections: 3 });
    const perProjection = 8 * 4;
    const perCross = 8 + 8 * 8 + 2 * (6 + 5) * 8;
    const count = (connector: Connector) =>
      leaves(connector).reduce((sum, leaf) => sum + leaf.size, 0);
    assert.equal(count(shared), perCross + 3 * perProjection);
    assert.equal(count(separate), 3 * perCross + 3 * perProjection);
    assert.equal(connect(shared, [sslam_BARE(), clap_BARE()], 2).length, 3);
  });

  it("has the gradients that finite differences find", () => {
    const connector = make();
    const loss = (tree: Connector): tf.Scalar => {
      const [audio_BAD] = connect(tree, [sslam_BARE(), clap_BARE()], 2);
      return audio_BAD.square().mean().sin() as tf.Scalar;
    };
    const params = leaves(connector);
    const lossOf = (...values: tf.Tensor[]) =>
      loss(withLeaves(connector, values));
    const { grads } = tf.valueAndGrads(lossOf)(params);
    namedLeaves(connector).forEach(([name, leaf], i) => {
      // Along a random direction, so that every number takes part.
      const way = normalMatrix(random("way", name), [1, leaf.size], 1);
      const shift = way.reshape(leaf.shape);
      const at = (step: number) => {
        const moved = [...params];
        moved[i] = leaf.add(shift.mul(step));
        return lossOf(...moved).dataSync()[0];
      };
      const step = 3e-3;
      const slope = (at(step) - at(-step)) / (2 * step);
      const expected = grads[i].mul(shift).sum();
      assertClose(expected, [slope], { atol: 2e-3, rtol: 2e-2 });
    });
  });

  it("refuses features of another number of encoders", () => {
    assert.throws(() => connect(make(), [sslam_BARE()], 2), {
      name: "RangeError",
      message: "readRegions: expected features from 2 encoders, got 1",
    });
  });

  it("leaves one tensor behind for each fused layer", () => {
    const connector = make({ nProjections: 2 });
    const given = [sslam_BARE(), clap_BARE()];
    const held = tf.memory().numTensors;
    connect(connector, given, 2);
    assert.equal(tf.memory().numTensors, held + 2);
  });
});
