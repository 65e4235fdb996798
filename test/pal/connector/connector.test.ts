import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import type { EncoderSizes } from "../../../lib/encoder/encoder.ts";
import { compile } from "../../../lib/engine/compile.ts";
import {
  type ConnectorConfig,
  plainConnector,
} from "../../../lib/pal/connector/config.ts";
import {
  type Connector,
  connect,
  initConnector,
} from "../../../lib/pal/connector/connector.ts";
import { normalMatrix } from "../../../lib/tensor/layers.ts";
import { leaves, namedLeaves, withLeaves } from "../../../lib/tensor/params.ts";
import { random } from "../../../lib/tensor/random.ts";
import { type Tap, taps } from "../../../lib/tensor/tap.ts";
import { assertClose, distance } from "../../close.ts";
import { startEngine } from "../../use-engine.ts";
import { connectByHand } from "./reference.ts";
import {
  clap,
  configs,
  encoderSets,
  featuresOf,
  smallConnector,
  sslam,
  uneven,
} from "./sizes.ts";

const plain = plainConnector(smallConnector);
const D = 4;

interface Made {
  readonly config: ConnectorConfig;
  readonly encoders: readonly EncoderSizes[];
  readonly connector: Connector;
}

function make(
  config: ConnectorConfig,
  encoders: readonly EncoderSizes[],
  [nCrossAttentions, nProjections] = [1, 1],
): Made {
  const counts = { nCrossAttentions, nProjections };
  const sizes = { config, encoders, width: D, ...counts };
  const connector = initConnector(sizes, random("connector test"));
  return { config, encoders, connector };
}

/** Audio tokens of the encoders' random features, or of others. */
function run(
  { connector, ...options }: Made,
  features = options.encoders.map((encoder) => featuresOf(encoder)),
): tf.Tensor3D[] {
  return connect(connector, features, options);
}

/** Which of the audio tokens differ. */
const moved = (one: tf.Tensor, two: tf.Tensor) =>
  [...one.sub(two).abs().max([0, 2]).dataSync()].map((x) => x > 1e-4);

function assertAsByHand(made: Made): void {
  const features = made.encoders.map((encoder) => featuresOf(encoder));
  run(made, features).forEach((audio_BAD, i) => {
    for (const clip of [0, 1]) {
      const plainFeatures = features.map((x) => x.arraySync()[clip]);
      const wanted = connectByHand(made.connector, plainFeatures, made)[i];
      assertClose(audio_BAD.slice([clip], [1]), wanted.flat(), {
        atol: 1e-5,
        rtol: 1e-5,
      });
    }
  });
}

describe("connector", () => {
  before(startEngine);

  for (const query of [
    { steps: 8, bands: 4 },
    { steps: 4, bands: 2 },
  ]) {
    for (const [steps, bands] of [
      [8, 4],
      [4, 2],
      [32, 1],
    ]) {
      it(`is the formula's, ${steps} x ${bands} cells for ${query.steps} x ${query.bands} latents`, () => {
        const encoder = { ...sslam, grid: { steps, bands } };
        assertAsByHand(make({ ...smallConnector, query }, [encoder]));
        assertAsByHand(make({ ...plain, query }, [encoder, clap]));
      });
    }
  }

  it("is the formula's in every setting", () => {
    fc.assert(
      fc.property(configs, encoderSets, (config, encoders) => {
        tf.tidy(() => assertAsByHand(make(config, encoders, [2, 2])));
      }),
      { numRuns: 25, seed: 4 },
    );
  });

  it("lets each latent token read its own region only", () => {
    for (const config of [plain, smallConnector]) {
      const made = make(config, [sslam, clap]);
      // Step 3 and band 2 of 8 x 4 lie in step 1 and band 1 of 4 x 2.
      const cell = tf.oneHot(tf.tensor1d([3 * 4 + 2], "int32"), 32);
      const bump = cell.reshape([1, 32, 1]).mul(featuresOf(sslam).abs());
      const nudged = featuresOf(sslam).add<tf.Tensor3D>(bump);
      const [still] = run(made);
      const [changed] = run(made, [nudged, featuresOf(clap)]);
      const own = Array.from({ length: 8 }, (_, a) => a === 1 * 2 + 1);
      assert.deepEqual(moved(still, changed), own);
    }
  });

  it("keeps the order of time and of frequency", () => {
    const made = make(plain, [sslam]);
    const grid_BTFX = featuresOf(sslam).reshape([2, 8, 4, 6]);
    const [straight] = run(made);
    for (const axis of [1, 2]) {
      const turned = grid_BTFX.reverse(axis).reshape<tf.Tensor3D>([2, 32, 6]);
      const [tokens] = run(made, [turned]);
      const wanted = straight.reshape([2, 4, 2, D]).reverse(axis);
      assertClose(tokens, wanted.reshape([2, 8, D]));
    }
  });

  it("adds no token for an encoder more", () => {
    const [few] = run(make(smallConnector, [sslam]));
    const [many] = run(make(smallConnector, [sslam, clap, uneven]));
    assert.deepEqual(many.shape, few.shape);
    assert.ok(distance(few, many) > 1e-3);
  });

  it("passes a single cell on whatever the query: one key, one weight", () => {
    for (const arithmetic of ["folded", "per-cell"] as const) {
      const config = { ...plain, arithmetic };
      const { connector, ...made } = make(config, [clap]);
      const [{ latent_C, rounds }] = connector.crossAttentions;
      const [{ projection_CD }] = connector.projections;
      const cells = featuresOf(clap).reshape<tf.Tensor2D>([16, 5]);
      const latents = cells.matMul(rounds[0].readers[0].value_EC).add(latent_C);
      assertClose(
        run({ connector, ...made })[0],
        tf.matMul(latents as tf.Tensor2D, projection_CD),
      );
    }
  });

  it("minds the order of cells in a region only where it is told", () => {
    const row = { ...sslam, grid: { steps: 8, bands: 2 } };
    const inRegions = featuresOf(row).reshape([2, 4, 2, 2, 6]);
    // Each region's two steps in the other order.
    const turned = inRegions.reverse(2).reshape<tf.Tensor3D>([2, 16, 6]);
    const blind = make(plain, [row]);
    assertClose(run(blind)[0], run(blind, [turned])[0]);
    const minding = make({ ...plain, cellPositions: "learned" }, [row]);
    const difference = distance(run(minding)[0], run(minding, [turned])[0]);
    assert.ok(difference > 1e-4);
  });

  it("reads nothing of a cell that only fills a region up", () => {
    const seen: tf.Tensor[] = [];
    const tap = (<X extends tf.Tensor>(name: string, x: X) => {
      if (name.endsWith("hook_pattern")) seen.push(tf.keep(x.clone()));
      return x;
    }) as Tap;
    const { connector, ...made } = make(smallConnector, [uneven, sslam]);
    const features = [featuresOf(uneven), featuresOf(sslam)];
    connect(connector, features, { ...made, tap });
    const [pattern_BANM] = seen;
    // 7 steps over 4 regions: two or three; 3 bands over 2: two.
    assert.deepEqual(pattern_BANM.shape, [2, 8, 2, 3 * 2 + 2 * 2]);
    assertClose(pattern_BANM.sum(-1), new Float32Array(2 * 8 * 2).fill(1));
    const first = [...pattern_BANM.slice([0, 0, 0], [1, 1, 1]).dataSync()];
    assert.deepEqual(
      first.map((weight) => weight > 0),
      [true, true, true, true, false, false, true, true, true, true],
    );
  });

  it("shows what it makes, by the layer that it serves", () => {
    const shapes = (nCrossAttentions: number) => {
      const found: Record<string, number[]> = {};
      const tap = (<X extends tf.Tensor>(name: string, x: X) => {
        found[name] = x.shape;
        return x;
      }) as Tap;
      const { connector, ...made } = make(
        smallConnector,
        [sslam, clap],
        [nCrossAttentions, 2],
      );
      const features = [featuresOf(sslam), featuresOf(clap)];
      connect(connector, features, { ...made, tap, layers: [4, 5] });
      return found;
    };
    const encoders = {
      "encoders.sslam.hook_out": [2, 32, 6],
      "encoders.clap-general.hook_out": [2, 8, 5],
    };
    const outputs = {
      "connector.4.hook_out": [2, 8, D],
      "connector.5.hook_out": [2, 8, D],
    };
    assert.deepEqual(shapes(1), {
      ...encoders,
      "connector.hook_pattern": [2, 8, 2, 4 + 1],
      "connector.hook_latents": [2, 8, 8],
      ...outputs,
    });
    assert.deepEqual(shapes(2), {
      ...encoders,
      "connector.4.hook_pattern": [2, 8, 2, 4 + 1],
      "connector.5.hook_pattern": [2, 8, 2, 4 + 1],
      "connector.4.hook_latents": [2, 8, 8],
      "connector.5.hook_latents": [2, 8, 8],
      ...outputs,
    });
  });

  it("goes on with what a tap puts in a pattern's place", () => {
    const { connector, ...made } = make(plain, [sslam, clap]);
    // All weight on the last cell: the second encoder's only one.
    const last = tf.tensor1d([0, 0, 0, 0, 1]);
    const tap = (<X extends tf.Tensor>(name: string, x: X) =>
      name.endsWith("hook_pattern") ? tf.onesLike(x).mul(last) : x) as Tap;
    const at = (scale: number) =>
      connect(
        connector,
        [featuresOf(sslam).mul<tf.Tensor3D>(scale), featuresOf(clap)],
        { ...made, tap: taps(tap) },
      )[0];
    assertClose(at(1), at(5));
  });

  it("reads once where the cross-attention is shared", () => {
    const shared = make(smallConnector, [sslam], [1, 3]);
    const readings = (made: Made) => {
      const features = [featuresOf(sslam)];
      const { connector, ...options } = made;
      let count = 0;
      const tap = (<X extends tf.Tensor>(name: string, x: X) => {
        if (name.endsWith("hook_pattern")) count++;
        return x;
      }) as Tap;
      connect(connector, features, { ...options, tap });
      return count;
    };
    assert.equal(run(shared).length, 3);
    assert.equal(readings(shared), 1);
    assert.equal(readings(make(smallConnector, [sslam], [3, 3])), 3);
  });

  it("gives the same compiled", () => {
    const { connector, ...made } = make(smallConnector, [sslam, uneven]);
    const step = compile(
      (input: { connector: Connector; features: tf.Tensor3D[] }) => ({
        audio: connect(input.connector, input.features, made),
      }),
      { report: () => {} },
    );
    const input = {
      connector,
      features: [featuresOf(sslam), featuresOf(uneven)],
    };
    step(input);
    assertClose(step(input).audio[0], run({ connector, ...made })[0]);
    step.dispose();
  });

  it("leaves one tensor behind for each projection", () => {
    const made = make(smallConnector, [sslam, uneven], [1, 2]);
    const features = [featuresOf(sslam), featuresOf(uneven)];
    const held = tf.memory().numTensors;
    run(made, features);
    assert.equal(tf.memory().numTensors, held + 2);
  });
});

describe("the connector's gradients", () => {
  before(startEngine);

  const every: ConnectorConfig = {
    ...smallConnector,
    depth: 2,
    positions: "learned",
    hasMlp: true,
    projection: "mlp",
  };
  for (const [name, config] of Object.entries({
    plain: plain,
    "the paper's": smallConnector,
    "with every part": every,
    "with every part, per cell": { ...every, arithmetic: "per-cell" },
  } as const)) {
    it(`are those that finite differences find: ${name}`, () => {
      tf.tidy(() => assertGradients(make(config, [sslam, clap, uneven])));
    });
  }
});

function assertGradients({ connector, ...made }: Made): void {
  const features = made.encoders.map((encoder) => featuresOf(encoder));
  const params = leaves(connector);
  const lossOf = (...values: tf.Tensor[]) => {
    const tree = withLeaves(connector, values);
    const [audio_BAD] = connect(tree, features, made);
    return audio_BAD.square().sum() as tf.Scalar;
  };
  const { grads } = tf.valueAndGrads(lossOf)(params);
  namedLeaves(connector).forEach(([name, leaf], i) => {
    // Along a random direction, so that every number takes part.
    const way = normalMatrix(random("way", name), [1, leaf.size], 1);
    const unit = way.div(way.norm()).reshape(leaf.shape);
    const at = (step: number) => {
      const values = [...params];
      values[i] = leaf.add(unit.mul(step));
      return lossOf(...values).dataSync()[0];
    };
    const step = 1e-2;
    const slope = (at(step) - at(-step)) / (2 * step);
    assertClose(grads[i].mul(unit).sum(), [slope], { atol: 2e-3, rtol: 1e-3 });
  });
}

describe("connect refuses", () => {
  before(startEngine);

  const refused = (features: tf.Tensor3D[], message: string) => {
    const made = make(smallConnector, [sslam, clap]);
    assert.throws(() => run(made, features), { name: "RangeError", message });
  };

  it("features of another number of encoders", () => {
    refused(
      [featuresOf(sslam)],
      "connect: expected features from 2 encoders, got 1",
    );
  });

  it("features of another grid", () => {
    refused(
      [tf.zeros([2, 30, 6]), featuresOf(clap)],
      "connect: expected 8 x 4 = 32 cells from encoder sslam, got 30",
    );
  });

  it("features of another width", () => {
    refused(
      [featuresOf(sslam), tf.zeros([2, 8, 6])],
      "connect: expected features of width 5 from encoder clap-general, got 6",
    );
  });

  it("features of another number of clips", () => {
    refused(
      [featuresOf(sslam), featuresOf(clap, 3)],
      "connect: expected B=2 in axes BPE, got shape [3,8,5]",
    );
  });

  it("a connector made for other encoders", () => {
    const { connector } = make(smallConnector, [sslam]);
    const { config, encoders } = make(smallConnector, [sslam, clap]);
    assert.throws(() => run({ connector, config, encoders }), {
      name: "RangeError",
      message: "connect: expected a connector for 2 encoders, got one for 1",
    });
  });
});
