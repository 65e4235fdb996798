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
  readonly text_BT: tf.Tensor2D;
  readonly numbers: {
    readonly learningRate: tf.Scalar;
    readonly stepNumber: tf.Scalar;
  };
};

/** A training step of a design on the first tokens of one text. */
function stepOf(variant: Variant) {
  const config = configOf(variant);
  return ({ features, frozen, numbers, state, text_BT }: StepInput) => {
    const [, T] = text_BT.shape;
    const weights = [0, 0, 0, 1, 1, 1].slice(0, T);
    const scored = scoredPlaces(tokens.slice(0, T), weights, {
      B: 1,
      T,
      perRow: T - 3,
    });
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

const inputAt = (variant: Variant, i: number, T: number) => ({
  features: clip(variant, `clip ${i % 3}`),
  text_BT: textOf([tokens.slice(0, T)]),
  numbers: { learningRate: tf.scalar(0.02), stepNumber: tf.scalar(i + 1) },
});

interface Plan {
  readonly stage: number;
  readonly steps: number;
  /** Text tokens of each step, in turn. */
  readonly lengths: readonly number[];
  readonly xla: boolean;
}

/** Trains twice, the state in and out or carried, and compares the bits. */
function compare(variant: Variant, { lengths, stage, steps, xla }: Plan): void {
  const { connector, llama } = modelOf(variant);
  const [moving, frozen]: Part[] =
    stage === 1 ? [{ connector }, { llama }] : [{ connector, llama }, {}];
  const report = () => {};
  const inOut = compile(stepOf(variant), { report, xla });
  const carried = compile(stepOf(variant), { report, xla, carry: "state" });
  let state = startAdamw(moving);
  carried.write(state);
  // Recording computes op by op; a carried step leaves those numbers aside.
  for (const length of new Set(lengths)) {
    const input = { frozen, ...inputAt(variant, 0, length), state };
    disposeTensors(inOut(input));
  }
  const losses: number[][] = [[], []];
  for (let i = 0; i < steps; i++) {
    const length = lengths[i % lengths.length];
    const input = { frozen, ...inputAt(variant, i, length) };
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
}

describe("a carried training state", () => {
  before(startEngine);
  const plan: Plan = { stage: 2, steps: 50, lengths: [T], xla: false };

  for (const variant of designs) {
    for (const stage of [1, 2]) {
      it(`ends with the bits of one that goes in and out: ${variant.name}, stage ${stage}`, () => {
        compare(variant, { ...plan, stage });
      });
    }
  }

  it("does so where texts of two lengths take turns", () => {
    compare(designs[0], { ...plan, lengths: [T, T - 1] });
  });

  it("does so where XLA compiles the step", () => {
    compare(designs[0], { ...plan, xla: true });
  });
});
