import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { unembedAt } from "../../../lib/llm/llama.ts";
import type { Variant } from "../../../lib/pal/design/variant.ts";
import { hearText } from "../../../lib/pal/run/audio-llm.ts";
import {
  disposeTensors,
  leaves,
  namedLeaves,
  type Tensors,
  withLeaves,
} from "../../../lib/tensor/params.ts";
import { random } from "../../../lib/tensor/random.ts";
import { nextTokenLoss, scoredPlaces } from "../../../lib/train/loss.ts";
import { startEngine } from "../../use-engine.ts";
import {
  clip,
  configOf,
  designs,
  llamaConfig,
  modelOf,
  T,
  textOf,
  tokens,
} from "../support.ts";

/** The loss of a design's model on one text and one clip. */
function lossOf(variant: Variant) {
  const features = clip(variant);
  const text_BT = textOf([tokens]);
  const weights = [0, 0, 0, 1, 1, 1];
  const scored = scoredPlaces(tokens, weights, { B: 1, T, perRow: 3 });
  return (model: ReturnType<typeof modelOf>): tf.Scalar => {
    const config = configOf(variant);
    const text_BTD = hearText(model, { text_BT, features }, { config });
    const options = { at_X: scored.at_X, config: llamaConfig };
    return nextTokenLoss(unembedAt(model.llama, text_BTD, options), scored);
  };
}

/** Gradient of a tree along a random direction, and the loss's own change. */
function alongChance<P extends Tensors>(
  params: P,
  loss: (params: P) => tf.Scalar,
  name: string,
) {
  const chance = random("direction", name);
  const found = leaves(params);
  const directions = found.map(({ shape, size }) =>
    tf.tensor(
      Float32Array.from({ length: size }, () => chance.normal()),
      shape,
    ),
  );
  const { grads } = tf.valueAndGrads((...values: tf.Tensor[]) =>
    loss(withLeaves(params, values)),
  )(found);
  const slope = grads.reduce(
    (sum, grad, i) => sum + grad.mul(directions[i]).sum().dataSync()[0],
    0,
  );
  const at = (h: number) =>
    loss(
      withLeaves(
        params,
        found.map((leaf, i) => leaf.add(directions[i].mul(h))),
      ),
    ).dataSync()[0];
  const h = 2e-3;
  // Of fourth order, so that h need not be small where float32 is rough.
  const difference =
    (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
  return { slope, difference };
}

describe("gradients of every design", () => {
  before(startEngine);

  for (const variant of designs) {
    it(`${variant.name}: are the loss's differences`, () => {
      tf.tidy(() => {
        const model = modelOf(variant);
        const loss = lossOf(variant);
        const parts = {
          connector: alongChance(
            model.connector,
            (connector) => loss({ ...model, connector }),
            variant.name,
          ),
          llama: alongChance(
            model.llama,
            (llama) => loss({ ...model, llama }),
            variant.name,
          ),
        };
        for (const [part, { difference, slope }] of Object.entries(parts)) {
          const scale = Math.max(Math.abs(slope), 0.05);
          assert.ok(
            Math.abs(slope - difference) < 0.01 * scale,
            `${part}: gradient ${slope}, difference ${difference}`,
          );
        }
      });
    });

    it(`${variant.name}: reach every parameter of the connector`, () => {
      const model = modelOf(variant);
      const loss = lossOf(variant);
      const named = namedLeaves(model.connector);
      const { grads, value } = tf.valueAndGrads((...values: tf.Tensor[]) =>
        loss({ ...model, connector: withLeaves(model.connector, values) }),
      )(named.map(([, leaf]) => leaf));
      const sizes = grads.map((grad) => grad.abs().max().dataSync()[0]);
      for (const [i, [name]] of named.entries()) {
        assert.ok(sizes[i] > 1e-7, `${name}: ${sizes[i]}`);
      }
      disposeTensors([grads, value, model]);
    });
  }
});
