import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import {
  decodeStep,
  type LayerKept,
  slotTensors,
} from "../../../lib/llm/kv-cache.ts";
import { embed, readLlama, runBlock, unembed } from "../../../lib/llm/llama.ts";
import { placesOf } from "../../../lib/llm/places.ts";
import { rotationOf } from "../../../lib/llm/rope.ts";
import { costOf } from "../../../lib/pal/cost/cost.ts";
import {
  type AudioLlmConfig,
  designOf,
} from "../../../lib/pal/design/design.ts";
import type { Variant } from "../../../lib/pal/design/variant.ts";
import {
  type AudioLlm,
  type HearOptions,
  hearText,
  initAudioConnector,
  readText,
  runAudioLlm,
  withParts,
} from "../../../lib/pal/run/audio-llm.ts";
import { openAudioGenerator } from "../../../lib/pal/run/generate.ts";
import { planSequence } from "../../../lib/pal/run/tokens.ts";
import { hookPoints } from "../../../lib/pal/see/hooks.ts";
import {
  countParameters,
  disposeTensors,
  leaves,
  tidyTree,
  withLeaves,
} from "../../../lib/tensor/params.ts";
import { random } from "../../../lib/tensor/random.ts";
import { noTap, type Tap } from "../../../lib/tensor/tap.ts";
import { assertClose, distance } from "../../close.ts";
import { startEngine } from "../../use-engine.ts";
import {
  A,
  audioAt,
  clip,
  configOf,
  countFlops,
  design,
  llamaConfig,
  modelOf,
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
const config = configOf(gated);
const shifted: AudioLlmConfig = { ...config, positions: "shift" };

/** The model with its gates as far open as given. */
function modelWith(gate: number): AudioLlm {
  const { connector, llama } = modelOf(gated);
  const parts = connector.parts!.map((weights) =>
    Object.fromEntries(
      Object.entries(weights).map(([name, weight]) => [
        name,
        name.endsWith("Gate_1") ? tf.fill([1], gate) : weight,
      ]),
    ),
  );
  return { llama, connector: { ...connector, parts } };
}

function hear(
  gate: number,
  { name = "clip", of = config, tap = noTap, text = tokens } = {},
) {
  const input = { text_BT: textOf([text]), features: clip(gated, name) };
  return hearText(modelWith(gate), input, { config: of, tap });
}

const rows = (x_BTD: tf.Tensor3D, from: number, count: number) =>
  x_BTD.slice([0, from, 0], [1, count, 16]);

describe("a gated cross-attention between the layers", () => {
  before(startEngine);

  it("leaves the text alone while its gates are closed, bit for bit", () => {
    const { llama } = modelOf(gated);
    const places = placesOf(planSequence(T, A, { audioAt }).text, llamaConfig);
    const alone = llama.blocks.reduce(
      (x, block, layer) =>
        runBlock(block, x, {
          ...places,
          config: llamaConfig,
          layer,
          tap: noTap,
        }).x_BSD,
      embed(llama, textOf([tokens])),
    );
    assertClose(hear(0), alone, { atol: 0 });
    const plain = readLlama(llama, textOf([tokens]), { config: llamaConfig });
    assertClose(hear(0, { of: shifted }), plain, { atol: 0 });
  });

  it("lets text behind the audio hear it as they open", () => {
    assert.ok(distance(hear(0.5), hear(0)) > 1e-3);
    const other = hear(0.5, { name: "other" });
    assertClose(rows(hear(0.5), 0, audioAt), rows(other, 0, audioAt));
    assert.ok(
      distance(rows(hear(0.5), audioAt, 4), rows(other, audioAt, 4)) > 1e-3,
    );
  });

  it("does not look ahead in the text", () => {
    const changed = hear(0.5, { text: [1, 2, 3, 4, 5, 9] });
    assertClose(rows(hear(0.5), 0, 5), rows(changed, 0, 5));
    assert.ok(distance(rows(hear(0.5), 5, 1), rows(changed, 5, 1)) > 1e-3);
  });

  it("stands in the layers that its variant names", () => {
    const { layers } = designOf(config);
    assert.deepEqual(
      layers.map(({ parts }) => parts.map(({ name }) => name)),
      [
        ["attention", "ffn"],
        ...Array(3).fill(["gated cross-attention", "attention", "ffn"]),
      ],
    );
  });

  it("goes on from the text that was read", () => {
    const model = modelWith(0.5);
    const input = { text_BT: textOf([tokens]), features: clip(gated) };
    for (const of of [config, shifted]) {
      const read_BTD = readText(model.llama, input.text_BT, of);
      const whole = hearText(model, input, { config: of });
      assertClose(hearText(model, input, { config: of, read_BTD }), whole, {
        atol: 0,
      });
    }
  });

  it("answers from its cache as without one", async () => {
    const model = modelWith(0.5);
    const heard = clip(gated, "two", 2);
    const prompts = [
      [1, 2, 9, 8, 7],
      [1, 2, 3],
    ];
    const maxNew = 5;
    for (const of of [config, shifted]) {
      const generator = openAudioGenerator(of);
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
          const scores = runAudioLlm(model, input, { config: of });
          text.push(scores.argMax(-1).dataSync()[text.length - 1]);
        }
        return text.slice(prompt.length);
      });
      assert.deepEqual(
        made.map((answer) => answer.tokens),
        again,
      );
    }
  });

  it("is in the list of hooks as a run shows it", () => {
    const shown = new Map<string, number[]>();
    const see: Tap = (name, x) => {
      shown.set(name, x.shape);
      return x;
    };
    hear(0.5, { tap: Object.assign(see, { wants: () => true }) });
    const points = hookPoints(config, { B: 1, T }).filter(
      ({ name }) => !/unembed|ln_final/.test(name),
    );
    assert.deepEqual(
      Object.fromEntries(points.map(({ name, shape }) => [name, shape])),
      Object.fromEntries(shown),
    );
    const { axes } = points.find(
      ({ name }) => name === "blocks.2.cross.hook_pattern",
    )!;
    assert.deepEqual(
      axes.map(({ role, tokens: refs }) => [role, refs.at(-1)!.group]),
      [
        ["q", "question"],
        ["k", "audio"],
      ],
    );
  });
});

describe("the cost of a gated cross-attention", () => {
  before(startEngine);
  const B = 3;
  const cost = costOf(config, { T, B });

  const scoresOf = (
    model: AudioLlm,
    options: Omit<HearOptions, "config"> = {},
  ) => {
    const input = {
      text_BT: tf.zeros<tf.Rank.R2>([B, T], "int32"),
      features: clip(gated, "cost", B),
    };
    const text_BTD = hearText(model, input, { ...options, config });
    return unembed(model.llama, text_BTD, { config: llamaConfig });
  };
  const countStep = (
    trained: readonly (keyof AudioLlm)[],
    isRead = false,
  ): Promise<number> => {
    const model = modelWith(0.5);
    const text_BT = tf.zeros<tf.Rank.R2>([B, T], "int32");
    const read_BTD = isRead
      ? readText(model.llama, text_BT, config)
      : undefined;
    const moving = Object.fromEntries(
      trained.map((part) => [part, model[part]]),
    );
    return countFlops(() => {
      const { grads, value } = tf.valueAndGrads((...values: tf.Tensor[]) => {
        const moved = { ...model, ...withLeaves(moving, values) };
        return scoresOf(moved, { read_BTD }).square().mean() as tf.Scalar;
      })(leaves(moving));
      return [value, ...grads];
    });
  };

  it("counts its parameters", () => {
    const model = modelOf(gated);
    const { connector, llama } = model;
    assert.deepEqual(cost.parameters, {
      llama: countParameters(llama),
      crossAttentions: countParameters(connector.crossAttentions),
      projections: countParameters(connector.projections),
      parts: countParameters(connector.parts!),
      total: countParameters(model),
    });
    disposeTensors(model);
    assert.equal(
      initAudioConnector(configOf(design("attention-only")), random("none"))
        .parts,
      undefined,
    );
  });

  it("counts the products of a pass and of training steps", async () => {
    const model = modelWith(0.5);
    assert.equal(cost.forward.total, await countFlops(() => scoresOf(model)));
    assert.deepEqual(
      [
        cost.stage1Step.total,
        cost.stage1CachedStep.total,
        cost.stage2Step.total,
      ],
      [
        await countStep(["connector"]),
        await countStep(["connector"], true),
        await countStep(["llama", "connector"]),
      ],
    );
  });

  it("counts what is kept, and what decoding makes of it", async () => {
    const model = modelWith(0.5);
    const cache = tidyTree(() => {
      const kept: LayerKept[] = [];
      scoresOf(model, { keep: (made) => kept.push(made) });
      return kept;
    });
    const numbers = leaves(cache).reduce((sum, { size }) => sum + size, 0);
    assert.equal(cost.keyValueBytes.decode.float32, 4 * numbers);
    const next = {
      tokens_B1: tf.zeros<tf.Rank.R2>([B, 1], "int32"),
      rotations: [rotationOf([T + A], llamaConfig)],
      ...slotTensors(Array(B).fill(T - 1), T),
    };
    const { layers } = designOf(config);
    const counted = await countFlops(
      () =>
        decodeStep(
          withParts(model),
          { cache, next },
          { config: llamaConfig, layers },
        ).logits_BV,
    );
    assert.equal(cost.nextToken.total, counted);
  });
});
