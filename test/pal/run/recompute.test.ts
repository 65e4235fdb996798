import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { compile } from "../../../lib/engine/compile.ts";
import { initLlama, unembedAt } from "../../../lib/llm/llama.ts";
import type { AudioLlmConfig } from "../../../lib/pal/design/design.ts";
import type { Variant } from "../../../lib/pal/design/variant.ts";
import {
  type AudioLlm,
  hearText,
  initAudioConnector,
} from "../../../lib/pal/run/audio-llm.ts";
import {
  disposeTensors,
  leaves,
  mapTensors,
  toPlain,
  withLeaves,
} from "../../../lib/tensor/params.ts";
import { random } from "../../../lib/tensor/random.ts";
import { recomputed } from "../../../lib/tensor/recompute.ts";
import { nextTokenLoss, scoredPlaces } from "../../../lib/train/loss.ts";
import { assertClose } from "../../close.ts";
import { startEngine } from "../../use-engine.ts";
import {
  clip,
  configOf,
  design,
  designs,
  llamaConfig,
  T,
  textOf,
  tokens,
} from "../support.ts";
import { gatedCrossAttention } from "./gated-cross-attention.ts";

const gated: Variant = {
  ...design("attention-only"),
  name: "gated-cross-attention",
  audioPath: { part: gatedCrossAttention },
};

type Part = Partial<AudioLlm>;
type Input = {
  readonly moving: Part;
  readonly frozen: Part;
  readonly features: readonly tf.Tensor3D[];
  readonly text_BT: tf.Tensor2D;
};

/** A design's loss and its gradients, in the order of what moves. */
function gradientsOf(config: AudioLlmConfig, recomputes: boolean) {
  return ({ features, frozen, moving, text_BT }: Input) => {
    const weights = [0, 0, 0, 1, 1, 1];
    const scored = scoredPlaces(tokens, weights, { B: 1, T, perRow: 3 });
    const lossOf = (...values: tf.Tensor[]): tf.Scalar => {
      const model = { ...frozen, ...withLeaves(moving, values) } as AudioLlm;
      const recompute = recomputes ? { frozen } : undefined;
      const options = { config, recompute };
      const text_BTD = hearText(model, { text_BT, features }, options);
      const places = { at_X: scored.at_X, config: config.llama };
      return nextTokenLoss(unembedAt(model.llama, text_BTD, places), scored);
    };
    const { grads, value } = tf.valueAndGrads(lossOf)(leaves(moving));
    disposeTensors(scored);
    return { grads, loss: value };
  };
}

function inputOf(config: AudioLlmConfig, stage: number): Input {
  const { variant } = config;
  const llama = initLlama(config.llama, random("audio llm"));
  const closed = initAudioConnector(config, random("its connector"));
  // A gate that starts closed would hide what is behind it.
  const connector = mapTensors(closed, (leaf) =>
    leaf.shape.join() === "1" ? tf.fill([1], 0.5) : leaf,
  );
  const [moving, frozen]: Part[] =
    stage === 1 ? [{ connector }, { llama }] : [{ connector, llama }, {}];
  const features = clip(variant);
  return { moving, frozen, features, text_BT: textOf([tokens]) };
}

describe("insides of layers that are computed again", () => {
  before(startEngine);

  for (const variant of [...designs, gated]) {
    const config = configOf(variant);
    for (const stage of [1, 2]) {
      it(`give the bits of those kept: ${variant.name}, stage ${stage}`, () => {
        const input = inputOf(config, stage);
        const held = tf.memory().numTensors;
        const kept = gradientsOf(config, false)(input);
        const made = tf.memory().numTensors - held;
        const again = gradientsOf(config, true)(input);
        assert.equal(tf.memory().numTensors - held, 2 * made);
        assert.deepEqual(toPlain(again), toPlain(kept));
        disposeTensors([kept, again, ...Object.values(input)]);
      });

      it(`do so in a graph but for last bits: ${variant.name}, stage ${stage}`, () => {
        const input = inputOf(config, stage);
        const [kept, again] = [false, true].map((recomputes) => {
          const run = compile(gradientsOf(config, recomputes));
          disposeTensors(run(input)); // recorded: computed op by op
          const made = run(input);
          run.dispose();
          return made;
        });
        const scale = Math.max(
          ...kept.grads.map((grad) => grad.abs().max().dataSync()[0]),
        );
        assertClose(again.loss, kept.loss, { rtol: 1e-6 });
        for (const [i, grad] of again.grads.entries()) {
          assertClose(grad, kept.grads[i], { rtol: 1e-6, atol: 1e-6 * scale });
        }
        disposeTensors([kept, again, ...Object.values(input)]);
      });
    }
  }

  it("do so where XLA compiles the step", () => {
    const config = configOf(design("attention-only"));
    const input = inputOf(config, 2);
    const run = compile(gradientsOf(config, true), { xla: true });
    disposeTensors(run(input));
    const [again, kept] = [run(input), gradientsOf(config, false)(input)];
    for (const [i, grad] of again.grads.entries()) {
      assertClose(grad, kept.grads[i], { rtol: 1e-5, atol: 1e-6 });
    }
    run.dispose();
    disposeTensors([kept, again, ...Object.values(input)]);
  });

  it("take a fraction of the memory, op by op", async () => {
    const llama = { ...llamaConfig, nLayers: 24 };
    const config = { ...configOf(design("baseline")), llama };
    const input = inputOf(config, 2);
    const peakOf = async (recomputes: boolean) => {
      const run = () => gradientsOf(config, recomputes)(input);
      const before = tf.memory().numBytes;
      const { peakBytes, result } = await tf.profile(run as never);
      disposeTensors(result as never);
      return peakBytes - before;
    };
    assert.ok((await peakOf(true)) < 0.3 * (await peakOf(false)));
    disposeTensors(Object.values(input));
  });

  it("are not asked for a gradient of what stays", () => {
    const [x, stays] = [tf.scalar(3), tf.scalar(2)];
    const product = (x: tf.Tensor) =>
      recomputed(
        {
          kind: "product",
          make: ({ fixed, moving }) => moving.mul(fixed).square(),
        },
        { moving: x, fixed: stays as tf.Tensor },
      );
    const held = tf.memory().numTensors;
    const slope = tf.grad(product)(x);
    assert.equal(slope.dataSync()[0], 24);
    slope.dispose();
    assert.equal(tf.memory().numTensors, held);
    disposeTensors([x, stays]);
  });
});
