import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { compile } from "../../lib/engine/compile.ts";
import { unembedAt } from "../../lib/llm/llama.ts";
import type { Variant } from "../../lib/pal/design/variant.ts";
import { type AudioLlm, hearText } from "../../lib/pal/run/audio-llm.ts";
import {
  disposeTensors,
  leaves,
  toPlain,
  withLeaves,
} from "../../lib/tensor/params.ts";
import {
  type AdamwState,
  adamwDefaults,
  startAdamw,
  stepAdamw,
} from "../../lib/train/adamw.ts";
import { nextTokenLoss, scoredPlaces } from "../../lib/train/loss.ts";
import {
  clip,
  configOf,
  designs,
  llamaConfig,
  modelOf,
  T,
  textOf,
  tokens,
} from "../pal/support.ts";
import { startEngine } from "../use-engine.ts";

type Part = Partial<AudioLlm>;
type StepInput = {
  readonly state: AdamwState<Part>;
  readonly frozen: Part;
  readonly features: readonly tf.Tensor3D[];
  readonly numbers: {
    readonly learningRate: tf.Scalar;
    readonly stepNumber: tf.Scalar;
  };
};

/** A training step of a design on one text. */
function stepOf(variant: Variant) {
  const config = configOf(variant);
  return ({ features, frozen, numbers, state }: StepInput) => {
    const text_BT = textOf([tokens]);
    const weights = [0, 0, 0, 1, 1, 1];
    const scored = scoredPlaces(tokens, weights, { B: 1, T, perRow: 3 });
    const lossOf = (...values: tf.Tensor[]) => {
      const moving = withLeaves(state.params, values);
      const model = { ...frozen, ...moving } as AudioLlm;
      const text_BTD = hearText(model, { text_BT, features }, { config });
      const options = { at_X: scored.at_X, config: llamaConfig };
      return nextTokenLoss(unembedAt(model.llama, text_BTD, options), scored);
    };
    const { grads, value } = tf.valueAndGrads(lossOf)(leaves(state.params));
    const options = { config: adamwDefaults, ...numbers };
    return { loss: value, state: stepAdamw(state, grads, options) };
  };
}

const steps = 50;
const inputAt = (variant: Variant, i: number) => ({
  features: clip(variant, `clip ${i % 3}`),
  numbers: { learningRate: tf.scalar(0.02), stepNumber: tf.scalar(i + 1) },
});

describe("a carried training state", () => {
  before(startEngine);

  for (const variant of designs) {
    for (const stage of [1, 2]) {
      it(`ends with the bits of one that goes in and out: ${variant.name}, stage ${stage}`, () => {
        const { connector, llama } = modelOf(variant);
        const [moving, frozen]: Part[] =
          stage === 1 ? [{ connector }, { llama }] : [{ connector, llama }, {}];
        const report = () => {};
        const inOut = compile(stepOf(variant), { report });
        const carried = compile(stepOf(variant), { report, carry: "state" });
        let state = startAdamw(moving);
        carried.write(state);
        const losses: number[][] = [[], []];
        for (let i = 0; i < steps; i++) {
          const input = { frozen, ...inputAt(variant, i) };
          const after = inOut({ ...input, state });
          disposeTensors(state);
          state = after.state;
          const { loss } = carried(input);
          losses[0].push(after.loss.dataSync()[0]);
          losses[1].push(loss.dataSync()[0]);
          tf.dispose([loss, after.loss]);
        }
        assert.deepEqual(losses[1], losses[0]);
        assert.deepEqual(toPlain(carried.read()), toPlain(state));
        assert.ok(losses[0][steps - 1] < losses[0][0]);
        for (const one of [inOut, carried]) one.dispose();
      });
    }
  }
});
