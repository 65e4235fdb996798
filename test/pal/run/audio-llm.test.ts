import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { runLlama } from "../../../lib/llm/llama.ts";
import { designOf } from "../../../lib/pal/design/design.ts";
import { layerPlans } from "../../../lib/pal/design/layer-plan.ts";
import type { Variant } from "../../../lib/pal/design/variant.ts";
import {
  hearText,
  readText,
  runAudioLlm,
} from "../../../lib/pal/run/audio-llm.ts";
import { countParameters } from "../../../lib/tensor/params.ts";
import { noTap, type Tap } from "../../../lib/tensor/tap.ts";
import { assertClose, distance } from "../../close.ts";
import { startEngine } from "../../use-engine.ts";
import {
  A,
  audioAt,
  clip,
  configOf,
  design,
  designs,
  llamaConfig,
  modelOf,
  T,
  textOf,
  tokens,
} from "../support.ts";

/** Scores of a random model of a design, given a text and a clip. */
function run(
  variant: Variant,
  {
    name = "clip",
    tap = noTap,
    text = tokens,
  }: { text?: number[]; name?: string; tap?: Tap } = {},
) {
  const input = { text_BT: textOf([text]), features: clip(variant, name) };
  const config = configOf(variant);
  return runAudioLlm(modelOf(variant), input, { config, tap });
}

const rows = (x_BTV: tf.Tensor3D, from: number, count: number) =>
  x_BTV.slice([0, from, 0], [1, count, 13]);

/** Shapes of the activations with this ending, by layer. */
function shapes(variant: Variant, hook: string): number[][] {
  const seen: number[][] = [];
  const tap: Tap = (name, x) => {
    if (name.endsWith(hook)) seen.push(x.shape);
    return x;
  };
  run(variant, { tap });
  return seen;
}

describe("every design", () => {
  before(startEngine);

  for (const variant of designs) {
    it(`${variant.name}: text before the audio does not hear it`, () => {
      const [one, two] = [run(variant), run(variant, { name: "other" })];
      assertClose(rows(one, 0, audioAt), rows(two, 0, audioAt));
      assert.ok(distance(rows(one, 2, 4), rows(two, 2, 4)) > 1e-3);
    });

    it(`${variant.name}: does not look ahead in the text`, () => {
      const changed = run(variant, { text: [1, 2, 3, 4, 5, 9] });
      assertClose(rows(run(variant), 0, 5), rows(changed, 0, 5));
      assert.ok(distance(rows(run(variant), 5, 1), rows(changed, 5, 1)) > 1e-3);
    });

    it(`${variant.name}: has in its stream what its plan says`, () => {
      const inStream = { none: 0, summary: 3, all: A };
      const plans = layerPlans(variant, llamaConfig.nLayers);
      assert.deepEqual(
        shapes(variant, "hook_resid_pre").map(([, S]) => S),
        plans.map((plan) => T + inStream[plan.inStream]),
      );
    });

    it(`${variant.name}: goes on from the text that it has read`, () => {
      const model = modelOf(variant);
      const config = configOf(variant);
      const input = { text_BT: textOf([tokens]), features: clip(variant) };
      const read_BTD = readText(model.llama, input.text_BT, config);
      const whole = hearText(model, input, { config });
      assertClose(hearText(model, input, { config, read_BTD }), whole, {
        atol: 0,
      });
    });
  }

  it("hears in the layers that its variant names", () => {
    const heard: string[] = [];
    const tap: Tap = (name, x) => {
      if (name.endsWith("hook_audio_in")) heard.push(name);
      return x;
    };
    run(design("attention-only"), { tap });
    assert.deepEqual(
      heard,
      [1, 2, 3].map((layer) => `blocks.${layer}.hook_audio_in`),
    );
  });

  it("gives every encoder's features to the same audio tokens", () => {
    const [one] = shapes(design("attention-only"), "hook_audio_in");
    const [three] = shapes(design("multi-encoder"), "hook_audio_in");
    assert.deepEqual(
      [one, three],
      [
        [1, A, 16],
        [1, A, 16],
      ],
    );
  });

  it("has text at the same positions with any audio and with none", () => {
    // Rotated keys of the text, which no layer below has let hear anything.
    const keys = (variant: Variant) => {
      let found: Float32Array | undefined;
      const tap: Tap = (name, x) => {
        if (name === "blocks.0.attn.hook_rot_k") {
          const M = x.shape[1]!;
          found = x.slice([0, M - T, 0, 0], [1, T, 2, 4]).dataSync<"float32">();
        }
        return x;
      };
      run(variant, { tap });
      return found!;
    };
    const expected = keys(designs[0]);
    for (const variant of designs) {
      assertClose(keys(variant), expected, { atol: 1e-6 });
    }
  });

  it("leaves one tensor behind", () => {
    for (const variant of designs) {
      const [model, config] = [modelOf(variant), configOf(variant)];
      const input = { text_BT: textOf([tokens]), features: clip(variant) };
      const held = tf.memory().numTensors;
      runAudioLlm(model, input, { config });
      assert.equal(tf.memory().numTensors, held + 1, variant.name);
    }
  });

  it("reads rows of a batch as it reads each alone", () => {
    for (const variant of designs) {
      const [model, config] = [modelOf(variant), configOf(variant)];
      const texts = [tokens, [1, 2, 9, 8, 7, 6]];
      const features = clip(variant, "two", 2);
      const both = runAudioLlm(
        model,
        { text_BT: textOf(texts), features },
        { config },
      );
      for (const i of [0, 1]) {
        const own = features.map((x) => x.slice([i], [1]));
        const alone = runAudioLlm(
          model,
          { text_BT: textOf([texts[i]]), features: own },
          { config },
        );
        assertClose(both.slice([i], [1]), alone, { atol: 1e-5 });
      }
    }
  });
});

describe("a connector's size", () => {
  before(startEngine);
  const sizeOf = (name: string) =>
    countParameters(modelOf(design(name)).connector);

  it("is attention-only's for the wide connector, to a head's width", () => {
    const { config, encoders, width } = designOf(
      configOf(design("wide-connector")),
    ).connector;
    const [wide, separate] = [
      sizeOf("wide-connector"),
      sizeOf("attention-only"),
    ];
    assert.equal(encoders.length, 1);
    // One step of the width changes this much, at most.
    const step = 2 * (2 * config.width + width + 2 * encoders[0].width + 2);
    assert.ok(Math.abs(wide - separate) <= step, `${wide} and ${separate}`);
  });

  it("falls as layers share more of it", () => {
    const sizes = [
      sizeOf("attention-only"),
      sizeOf("shared-connector"),
      sizeOf("shared-projection"),
    ];
    assert.deepEqual(
      sizes,
      [...sizes].sort((a, b) => b - a),
    );
    assert.equal(sizes[2], sizeOf("delayed-fusion"));
    // Two projections of 8 x 16 less.
    assert.equal(sizes[1] - sizes[2], 2 * 8 * 16);
  });
});

describe("a run with bad input", () => {
  before(startEngine);
  const config = configOf(design("baseline"));
  const ask = (
    changes: Partial<typeof config>,
    features = clip(design("baseline")),
  ) =>
    runAudioLlm(
      modelOf(design("baseline")),
      { text_BT: textOf([tokens]), features },
      { config: { ...config, ...changes } },
    );

  it("says how many encoders, cells and positions it expected", () => {
    assert.throws(() => ask({ variant: design("multi-encoder") }), {
      name: "RangeError",
      message:
        "connectorSizes: expected sizes of 3 encoders, got 1 " +
        '(variant "multi-encoder")',
    });
    assert.throws(() => ask({}, [tf.zeros([2, 16, 5])]), {
      name: "RangeError",
      message: "hearText: expected B=1 in axes BPE, got shape [2,16,5]",
    });
    assert.throws(
      () => ask({}, [tf.zeros([1, 15, 5])]),
      /expected 8 x 2 = 16 cells.*sslam.*got 15/,
    );
    assert.throws(
      () => ask({ llama: { ...llamaConfig, contextLength: T + A - 1 } }),
      /expected at most 13 positions, audio included, got 14/,
    );
    assert.throws(() => ask({ audioAt: 7 }), {
      message: "planSequence: expected audioAt in 0..6, got 7",
    });
    assert.throws(
      () => ask({ variant: { ...design("baseline"), fusionLayer: 4 } }),
      /layerPlans: expected fusionLayer in 0..3, got 4 \(variant "baseline"\)/,
    );
  });
});

describe("the plain language model", () => {
  before(startEngine);

  it("is what delayed designs run until audio enters", () => {
    for (const name of ["delayed-fusion", "attention-only", "ffn-skipped"]) {
      const seen: Float32Array[] = [];
      const tap: Tap = (hook, x) => {
        if (hook === "blocks.0.hook_resid_post") {
          seen.push(x.dataSync<"float32">());
        }
        return x;
      };
      run(design(name), { tap });
      // Positions differ behind the gap, so only the text before it is the
      // same as without one.
      runLlama(modelOf(design(name)).llama, textOf([tokens]), {
        config: llamaConfig,
        tap,
      });
      const before = (x: Float32Array) => x.subarray(0, audioAt * 16);
      assertClose(before(seen[0]), before(seen[1]), { atol: 0 });
    }
  });
});
