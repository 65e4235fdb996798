import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { currentEngine } from "../../lib/engine/engine.ts";
import { toyLlama } from "../../lib/llm/config.ts";
import {
  initLlama,
  placesOf,
  runBlock,
  runLlama,
} from "../../lib/llm/llama.ts";
import {
  type AudioLlmConfig,
  initAudioConnector,
  runAudioLlm,
} from "../../lib/pal/audio-llm.ts";
import {
  attentionOnlyBlock,
  planSequence,
  sequencePlaces,
} from "../../lib/pal/fusion.ts";
import {
  atDepth,
  attentionOnly,
  baseline,
  delayedFusion,
  sharedConnector,
  type Variant,
} from "../../lib/pal/variant.ts";
import { normalMatrix } from "../../lib/tensor/layers.ts";
import { random } from "../../lib/tensor/random.ts";
import { noTap, type Tap } from "../../lib/tensor/tap.ts";
import { assertClose, distance } from "../close.ts";
import { startEngine } from "../use-engine.ts";

const nLayers = 3;
const llamaConfig = { ...toyLlama, nLayers, vocabularySize: 13 };
const designs = [baseline, delayedFusion, attentionOnly, sharedConnector].map(
  (variant) => atDepth(variant, nLayers),
);
const tokens = [1, 2, 3, 4, 5, 6];
const audioAt = 2;
const A = 3;

const configOf = (variant: Variant): AudioLlmConfig => ({
  variant,
  llama: llamaConfig,
  connector: { width: 8, nHeads: 2 },
  encoderWidths: [5],
  audioAt,
});

const sound = (name: string) =>
  normalMatrix(random(name), [A * 2, 5], 1).reshape<tf.Tensor4D>([1, A, 2, 5]);

/** Scores of a random model of a design, given a text and a sound. */
function run(
  variant: Variant,
  {
    text = tokens,
    name = "sound",
    tap = noTap,
  }: {
    text?: number[];
    name?: string;
    tap?: Tap;
  } = {},
) {
  const config = configOf(variant);
  const llama = initLlama(llamaConfig, random("audio llm"));
  const connector = initAudioConnector(config, random("its connector"));
  const text_BT = tf.tensor2d([text], [1, text.length], "int32");
  return runAudioLlm(
    { llama, connector },
    { text_BT, features: [sound(name)] },
    { config, tap },
  );
}

const rows = (x_BTV: tf.Tensor3D, from: number, count: number) =>
  x_BTV.slice([0, from, 0], [1, count, 13]);

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

    it(`${variant.name}: is the language model until audio enters`, () => {
      const names = new Map<string, number>();
      const seen: Tap = (name, x) => {
        if (name.endsWith("hook_resid_pre")) names.set(name, x.shape[1] ?? 0);
        return x;
      };
      run(variant, { tap: seen });
      const T = tokens.length;
      const isFull = variant.audioPath === "attention+ffn";
      const expected = Array.from({ length: nLayers }, (_, layer) =>
        isFull && layer >= variant.fusionLayer ? A + T : T,
      );
      assert.deepEqual([...names.values()], expected);
    });
  }

  it("hears in the layers that its variant names", () => {
    const latents: string[] = [];
    const tap: Tap = (name, x) => {
      if (name.startsWith("connector.")) latents.push(name);
      return x;
    };
    run(designs[2], { tap });
    assert.deepEqual(latents, [
      "connector.1.hook_latents",
      "connector.2.hook_latents",
    ]);
  });

  it("is the plain language model with zero audio tokens", (context) => {
    if (currentEngine()?.name === "wasm") {
      context.skip("the wasm kernels cannot multiply empty matrices");
      return;
    }
    const llama = initLlama(llamaConfig, random("audio llm"));
    const text_BT = tf.tensor2d([tokens], [1, 6], "int32");
    const plain = runLlama(llama, text_BT, { config: llamaConfig });
    for (const variant of designs) {
      const config = configOf(variant);
      const connector = initAudioConnector(config, random("its connector"));
      const features = [tf.zeros<tf.Rank.R4>([1, 0, 2, 5])];
      const heard = runAudioLlm(
        { llama, connector },
        { text_BT, features },
        { config },
      );
      assertClose(heard, plain, { atol: 1e-5 });
    }
  });

  it("leaves one tensor behind", () => {
    const config = configOf(designs[0]);
    const llama = initLlama(llamaConfig, random("leak"));
    const connector = initAudioConnector(config, random("leak"));
    const text_BT = tf.tensor2d([tokens], [1, 6], "int32");
    const features = [sound("leak")];
    const held = tf.memory().numTensors;
    runAudioLlm({ llama, connector }, { text_BT, features }, { config });
    assert.equal(tf.memory().numTensors, held + 1);
  });

  it("refuses widths of another number of encoders", () => {
    const config = { ...configOf(baseline), encoderWidths: [5, 6] };
    assert.throws(() => initAudioConnector(config, random("x")), {
      name: "RangeError",
      message:
        "initAudioConnector: expected widths of 1 encoders, got 2 " +
        '(variant "baseline")',
    });
  });
});

describe("positions", () => {
  before(startEngine);

  it("stand in the order system, audio, user", () => {
    assert.deepEqual(planSequence(4, 3, 2), {
      text: [0, 1, 5, 6],
      audio: [2, 3, 4],
    });
  });

  it("are those of a text of its own without audio", () => {
    assert.deepEqual(planSequence(3, 0, 1).text, [0, 1, 2]);
  });

  it("refuse audio after the text's end", () => {
    assert.throws(() => planSequence(3, 2, 4), {
      message: "planSequence: expected audioAt in 0..3, got 4",
    });
  });
});

describe("attention-only layer", () => {
  before(startEngine);
  const llama = () => initLlama(llamaConfig, random("one layer"));
  const text = (T: number) =>
    normalMatrix(random("text"), [T, 96], 1).reshape<tf.Tensor3D>([1, T, 96]);
  const shared = { config: llamaConfig, layer: 0, tap: noTap };

  it("is the language model's own layer with zero audio tokens", () => {
    const [block] = llama().blocks;
    const places = sequencePlaces(planSequence(4, 0, 2), llamaConfig);
    const context = { ...places.textOnly, ...shared };
    const heard = attentionOnlyBlock(block, text(4), {
      audio_BAD: tf.zeros<tf.Rank.R3>([1, 0, 96]),
      places,
      context,
    });
    assertClose(heard, runBlock(block, text(4), context), { atol: 1e-6 });
  });

  it("gives the text what the full layer gives it: audio asks in vain", () => {
    const [block] = llama().blocks;
    const audio_BAD = normalMatrix(
      random("audio"),
      [3, 96],
      1,
    ).reshape<tf.Tensor3D>([1, 3, 96]);
    const places = sequencePlaces(planSequence(4, 3, 2), llamaConfig);
    const heard = attentionOnlyBlock(block, text(4), {
      audio_BAD,
      places,
      context: { ...places.textOnly, ...shared },
    });
    const stream_BSD = tf.concat([audio_BAD, text(4)], 1);
    const whole = runBlock(block, stream_BSD, {
      ...places.together,
      ...shared,
    });
    assertClose(heard, whole.slice([0, 3, 0], [1, 4, 96]), { atol: 1e-5 });
  });
});

describe("the full path", () => {
  before(startEngine);

  it("reads audio tokens that are word embeddings as those words", () => {
    // The stream at layer 0 with embeddings in the audio's place is the text.
    const model = initLlama(llamaConfig, random("words"));
    const words = [1, 2, 7, 8, 9, 3, 4];
    const text_BT = tf.tensor2d([words], [1, 7], "int32");
    const plan = planSequence(4, 3, 2);
    const places = placesOf([...plan.audio, ...plan.text], llamaConfig);
    const ids = tf.tensor1d([7, 8, 9, 1, 2, 3, 4], "int32");
    let x_BSD = tf.gather(model.embedding_VD, ids).expandDims<tf.Tensor3D>(0);
    model.blocks.forEach((block, layer) => {
      const context = { ...places, config: llamaConfig, layer, tap: noTap };
      x_BSD = runBlock(block, x_BSD, context);
    });
    const seen: tf.Tensor[] = [];
    runLlama(model, text_BT, {
      config: llamaConfig,
      tap: (name, x) => {
        if (name === "blocks.2.hook_resid_post") seen.push(tf.keep(x.clone()));
        return x;
      },
    });
    const reordered = tf.gather(x_BSD, [3, 4, 0, 1, 2, 5, 6], 1);
    assertClose(reordered, seen[0], { atol: 1e-5 });
  });
});
