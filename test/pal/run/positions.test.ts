import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import type * as tf from "@tensorflow/tfjs";
import { runLlama } from "../../../lib/llm/llama.ts";
import { rotate, rotationOf } from "../../../lib/llm/rope.ts";
import {
  type AudioLlmConfig,
  designOf,
} from "../../../lib/pal/design/design.ts";
import type { Variant } from "../../../lib/pal/design/variant.ts";
import {
  hearText,
  readText,
  runAudioLlm,
} from "../../../lib/pal/run/audio-llm.ts";
import { openAudioGenerator } from "../../../lib/pal/run/generate.ts";
import { hookPoints } from "../../../lib/pal/see/hooks.ts";
import { recorder } from "../../../lib/tensor/tap.ts";
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

type Positions = NonNullable<AudioLlmConfig["positions"]>;
const both: readonly Positions[] = ["gap", "shift"];

function configWith(variant: Variant, positions: Positions): AudioLlmConfig {
  return { ...configOf(variant), positions };
}

/** The text's stream after the last layer, and what was wanted of the run. */
function hear(
  variant: Variant,
  config: AudioLlmConfig,
  { name = "clip", text = tokens, wanted = /hook_resid_post$/ } = {},
) {
  const { cache, tap } = recorder((hook) => wanted.test(hook));
  const input = { text_BT: textOf([text]), features: clip(variant, name) };
  const text_BTD = hearText(modelOf(variant), input, { config, tap });
  return { text_BTD, seen: cache };
}

const rows = (x_BTD: tf.Tensor3D, from: number, count: number) =>
  x_BTD.slice([0, from, 0], [1, count, 16]);

/** Positions of the text in a layer, as its list of hooks tells them. */
function textPositions(config: AudioLlmConfig, layer: number): number[] {
  const { axes } = hookPoints(config, { B: 1, T }).find(
    ({ name }) => name === `blocks.${layer}.hook_resid_pre`,
  )!;
  return axes[0].tokens.slice(-T).map(({ position }) => position);
}

describe("text's positions", () => {
  before(startEngine);
  const plain = [0, 1, 2, 3, 4, 5];
  const moved = [0, 1, 10, 11, 12, 13];

  it("refuses a word that is neither", () => {
    const config = { ...configOf(designs[0]), positions: "shfit" } as never;
    assert.throws(() => designOf(config), {
      name: "RangeError",
      message:
        'designOf: expected positions "gap" or "shift", got "shfit" ' +
        '(variant "baseline")',
    });
  });

  it("leave a gap in every layer unless it is said otherwise", () => {
    for (const variant of designs) {
      const config = configOf(variant);
      const { text_BTD } = hear(variant, config);
      const said = hear(variant, configWith(variant, "gap"));
      assertClose(text_BTD, said.text_BTD, { atol: 0 });
      for (let layer = 0; layer < llamaConfig.nLayers; layer++) {
        assert.deepEqual(textPositions(config, layer), moved);
      }
    }
  });

  it("move up by the number of audio tokens where text attends to them", () => {
    const positions = (name: string) => {
      const config = configWith(design(name), "shift");
      return [0, 1, 2, 3].map((layer) => textPositions(config, layer));
    };
    assert.equal(A, moved[audioAt] - plain[audioAt]);
    for (const name of ["delayed-fusion", "attention-only", "shielded-text"]) {
      assert.deepEqual(positions(name), [plain, moved, moved, moved]);
    }
    assert.deepEqual(positions("baseline"), Array(4).fill(moved));
    assert.deepEqual(positions("early-window"), [moved, moved, moved, plain]);
  });

  it("make no difference where audio is heard from the first layer on", () => {
    for (const name of ["baseline", "raw-audio"]) {
      const variant = design(name);
      const [gap, shift] = both.map(
        (positions) => hear(variant, configWith(variant, positions)).text_BTD,
      );
      assertClose(shift, gap, { atol: 0 });
    }
  });

  it("make one where it is heard later", () => {
    const variant = design("delayed-fusion");
    const [gap, shift] = both.map(
      (positions) => hear(variant, configWith(variant, positions)).text_BTD,
    );
    assert.ok(distance(gap, shift) > 1e-3);
  });

  it("without a gap are the plain language model's until audio enters", () => {
    const hook = "blocks.0.hook_resid_post";
    const text_BT = textOf([tokens]);
    for (const name of [
      "delayed-fusion",
      "attention-only",
      "multi-encoder",
      "ffn-skipped",
      "summary-hybrid",
    ]) {
      const variant = design(name);
      const config = configWith(variant, "shift");
      const { llama } = modelOf(variant);
      const { cache, tap } = recorder((seen) => seen === hook);
      runLlama(llama, text_BT, { config: llamaConfig, tap });
      const alone = cache.get(hook)!;
      const { seen } = hear(variant, config);
      assertClose(seen.get(hook)!, alone, { atol: 0 });
      assertClose(readText(llama, text_BT, config), alone, { atol: 0 });
    }
  });
});

describe("any way to count positions", () => {
  before(startEngine);

  for (const positions of both) {
    it(`${positions}: keys and queries are turned as the hooks say`, () => {
      for (const variant of designs) {
        const config = configWith(variant, positions);
        const wanted = /attn\.hook_(rot_)?[qk]$/;
        const { seen } = hear(variant, config, { wanted });
        const points = hookPoints(config, { B: 1, T });
        const turned = points.filter(({ name }) => /hook_rot_[qk]$/.test(name));
        assert.equal(turned.length, 2 * llamaConfig.nLayers);
        for (const { axes, name } of turned) {
          const rotation = rotationOf(
            axes[0].tokens.map(({ position }) => position),
            llamaConfig,
          );
          const straight = seen.get(name.replace("rot_", "")) as tf.Tensor4D;
          const expected = rotate(
            straight.transpose([0, 2, 1, 3]),
            rotation,
          ).transpose([0, 2, 1, 3]);
          assertClose(seen.get(name)!, expected, { atol: 1e-6 });
        }
      }
    });

    it(`${positions}: no text hears what comes after it`, () => {
      for (const variant of designs) {
        const config = configWith(variant, positions);
        const { text_BTD } = hear(variant, config);
        const other = hear(variant, config, { name: "other" }).text_BTD;
        assertClose(rows(text_BTD, 0, audioAt), rows(other, 0, audioAt));
        assert.ok(distance(rows(text_BTD, 2, 4), rows(other, 2, 4)) > 1e-3);
        const text = [1, 2, 3, 4, 5, 9];
        const changed = hear(variant, config, { text }).text_BTD;
        assertClose(rows(text_BTD, 0, 5), rows(changed, 0, 5));
        assert.ok(distance(rows(text_BTD, 5, 1), rows(changed, 5, 1)) > 1e-3);
      }
    });

    it(`${positions}: audio in the stream hears no question`, () => {
      for (const variant of designs) {
        const config = configWith(variant, positions);
        const { seen } = hear(variant, config);
        const changed = hear(variant, config, { text: [1, 2, 9, 9, 9, 9] });
        for (const [name, x_BSD] of seen) {
          const nAudio = x_BSD.shape[1]! - T;
          assertClose(
            rows(x_BSD as tf.Tensor3D, 0, nAudio),
            rows(changed.seen.get(name) as tf.Tensor3D, 0, nAudio),
          );
        }
      }
    });

    it(`${positions}: a run goes on from the text that was read`, () => {
      for (const variant of designs) {
        const config = configWith(variant, positions);
        const model = modelOf(variant);
        const input = { text_BT: textOf([tokens]), features: clip(variant) };
        const read_BTD = readText(model.llama, input.text_BT, config);
        const { text_BTD } = hear(variant, config);
        assertClose(hearText(model, input, { config, read_BTD }), text_BTD, {
          atol: 0,
        });
      }
    });
  }

  it("shift: answers from its cache are those without one", async () => {
    const prompts = [
      [1, 2, 9, 8, 7],
      [1, 2, 3],
    ];
    const maxNew = 5;
    for (const variant of designs) {
      const config = configWith(variant, "shift");
      const model = modelOf(variant);
      const heard = clip(variant, "two", 2);
      const generator = openAudioGenerator(config);
      const made = await generator.generate(
        model,
        { prompts, heard },
        { ends: [], maxNew },
      );
      generator.dispose();
      const again = prompts.map((prompt, row) => {
        const features = heard.map((x) => x.slice([row], [1]));
        const text = [...prompt];
        while (text.length < prompt.length + maxNew) {
          const input = { text_BT: textOf([text]), features };
          const scores = runAudioLlm(model, input, { config });
          text.push(scores.argMax(-1).dataSync()[text.length - 1]);
        }
        return text.slice(prompt.length);
      });
      assert.deepEqual(
        made.map((answer) => answer.tokens),
        again,
        variant.name,
      );
    }
  });
});
