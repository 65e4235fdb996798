import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { embed, readLlama, runBlock } from "../../../lib/llm/llama.ts";
import { placesOf } from "../../../lib/llm/places.ts";
import { connect } from "../../../lib/pal/connector/connector.ts";
import { designOf } from "../../../lib/pal/design/design.ts";
import { fusedLayers, layerPlans } from "../../../lib/pal/design/layer-plan.ts";
import type { Variant } from "../../../lib/pal/design/variant.ts";
import { hearText } from "../../../lib/pal/run/audio-llm.ts";
import { fuse } from "../../../lib/pal/run/fusion.ts";
import { sequencePlaces } from "../../../lib/pal/run/sequence.ts";
import { nameTokens, planSequence } from "../../../lib/pal/run/tokens.ts";
import { forbidden } from "../../../lib/tensor/layers.ts";
import {
  noTap,
  recorder,
  replace,
  type Tap,
  taps,
} from "../../../lib/tensor/tap.ts";
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

const layers = [...Array(llamaConfig.nLayers).keys()];
const sequence = planSequence(T, A, { audioAt });

/** The text's stream after the last layer. */
function hear(variant: Variant, tap: Tap = noTap) {
  const input = { text_BT: textOf([tokens]), features: clip(variant) };
  return hearText(modelOf(variant), input, { config: configOf(variant), tap });
}

/** Everything that a run of the design shows at these hooks. */
function record(variant: Variant, wanted: RegExp, other: Tap = noTap) {
  const { cache, tap } = recorder((name) => wanted.test(name));
  hear(variant, taps(other, tap));
  return cache;
}

/** What the connector makes of the clip. */
function audioTokens(variant: Variant): tf.Tensor3D[] {
  const { connector: config, encoders } = configOf(variant);
  return connect(modelOf(variant).connector, clip(variant), {
    config,
    encoders,
  });
}

describe("planSequence", () => {
  it("reserves the audio's place between system and user", () => {
    assert.deepEqual(planSequence(4, 3, { audioAt: 2 }), {
      text: [0, 1, 5, 6],
      audio: [2, 3, 4],
      summary: [],
    });
    assert.deepEqual(planSequence(3, 0, { audioAt: 1 }).text, [0, 1, 2]);
  });

  it("puts each summary where the last token stands that it sums up", () => {
    const plan = planSequence(4, 8, { audioAt: 2, nSummary: 3 });
    assert.deepEqual(plan.summary, [3, 6, 9]);
    assert.throws(() => planSequence(4, 2, { audioAt: 1, nSummary: 3 }), {
      message:
        "planSequence: expected at most 2 summary tokens for 2 audio " +
        "tokens, got 3",
    });
  });
});

describe("fusion", () => {
  before(startEngine);

  it("with zero audio tokens is the plain language model", () => {
    const { llama } = modelOf(designs[0]);
    const text_BT = textOf([tokens]);
    const plain = readLlama(llama, text_BT, { config: llamaConfig });
    const x_BTD = embed(llama, text_BT);
    for (const variant of designs) {
      if (typeof variant.audioPath === "object") continue; // sums up nothing
      const { layers: own } = designOf(configOf(variant));
      const none = nameTokens(planSequence(T, 0, { audioAt }), { audioAt });
      const places = sequencePlaces(own, none, llamaConfig);
      const audio = layers.map(() => tf.zeros<tf.Rank.R3>([1, 0, 16]));
      const heard = fuse(x_BTD, {
        llama,
        config: llamaConfig,
        layers: own,
        places,
        audio,
        nSummary: 0,
        audioAt,
        tap: noTap,
      });
      assertClose(heard, plain, { atol: 1e-6 });
    }
  });

  it("on attention alone equals the paper's wording", () => {
    // Section 2.3: audio tokens go through the layer's attention with the
    // text, and are discarded before the FFN.
    const variant = design("attention-only");
    const { llama } = modelOf(variant);
    const tokensOf = audioTokens(variant);
    const all = placesOf([...sequence.audio, ...sequence.text], llamaConfig);
    const alone = placesOf(sequence.text, llamaConfig);
    let x_BTD = embed(llama, textOf([tokens]));
    const heard = fusedLayers(variant, llamaConfig.nLayers);
    for (const [layer, block] of llama.blocks.entries()) {
      const common = { config: llamaConfig, layer, tap: noTap };
      const i = heard.indexOf(layer);
      if (i === -1) {
        x_BTD = runBlock(block, x_BTD, { ...common, ...alone }).x_BSD;
        continue;
      }
      const stream_BSD = tf.concat([tokensOf[i], x_BTD], 1);
      const { x_BSD } = runBlock(block, stream_BSD, { ...common, ...all });
      x_BTD = x_BSD.slice([0, A, 0], [1, T, 16]);
    }
    assertClose(hear(variant), x_BTD, { atol: 1e-6 });
  });

  it("cut off all audio keys is the text alone at the same positions", () => {
    const { llama } = modelOf(designs[0]);
    const places = placesOf(sequence.text, llamaConfig);
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
    for (const variant of designs) {
      const cut = layers.map((layer) =>
        replace(`blocks.${layer}.attn.hook_attn_scores`, (scores_BNSM) => {
          const [, , S, M] = scores_BNSM.shape;
          const nAudio = M! - T;
          const closed = Array.from({ length: S! * M! }, (_, i) =>
            Math.floor(i / M!) >= S! - T && i % M! < nAudio ? -forbidden : 0,
          );
          return scores_BNSM.add(tf.tensor(closed, [1, 1, S!, M!]));
        }),
      );
      assert.ok(distance(hear(variant), alone) > 1e-3, variant.name);
      // A forbidden look weighs exactly 0; sums of more terms round anew.
      assertClose(hear(variant, taps(...cut)), alone, { atol: 1e-6 });
    }
  });

  it("delayed leaves the text of the first layers as it is without audio", () => {
    const first = /^blocks\.0\.hook_resid_post$/;
    const silent = record(design("delayed-fusion"), first);
    for (const name of ["attention-only", "ffn-skipped", "summary-hybrid"]) {
      const heard = record(design(name), first);
      assertClose(
        heard.get("blocks.0.hook_resid_post")!,
        silent.get("blocks.0.hook_resid_post")!,
        { atol: 0 },
      );
    }
  });

  it("shielded text is text alone, over the baseline's audio", () => {
    const post = /^blocks\.0\.hook_resid_post$/;
    const [whole] = record(design("shielded-text"), post).values();
    const [base] = record(design("baseline"), post).values();
    const [alone] = record(design("delayed-fusion"), post).values();
    assertClose(whole.slice([0, A], [1, T]), alone, { atol: 1e-6 });
    assertClose(whole.slice([0, 0], [1, A]), base.slice([0, 0], [1, A]), {
      atol: 1e-6,
    });
    assert.ok(distance(base.slice([0, A], [1, T]), alone) > 1e-3);
  });

  it("raw audio is attention-only's until it enters, on one projection", () => {
    const [raw, own] = [design("raw-audio"), design("attention-only")];
    const from0 = { ...own, fusionLayer: 0 };
    const shared = { ...from0, connector: "shared-projection" } as const;
    const post = /^blocks\.0\.hook_resid_post$/;
    const [heard] = record(raw, post).values();
    const [expected] = record(shared, post).values();
    assertClose(heard, expected, { atol: 1e-6 });
    const entered = record(raw, /^blocks\.1\.hook_resid_pre$/);
    const [stream] = entered.values();
    assertClose(stream.slice([0, 0], [1, A]), audioTokens(raw)[0], { atol: 0 });
  });

  it("in a window of layers is the baseline until audio leaves", () => {
    const post = /^blocks\.\d\.hook_resid_post$/;
    const window = record(design("early-window"), post);
    const base = record(design("baseline"), post);
    const at = (layer: number) => `blocks.${layer}.hook_resid_post`;
    assertClose(window.get(at(2))!, base.get(at(2))!, { atol: 0 });
    assert.equal(window.get(at(3))!.shape[1], T);
    const fused = layerPlans(design("early-window"), 4);
    assert.equal(fused.filter((plan) => plan.textHears).length, 3);
  });

  it("without the FFN is delayed fusion with the FFN's sum cut", () => {
    const cut = [1, 2, 3].map((layer) =>
      replace(`blocks.${layer}.hook_mlp_out`, (out_BSD) => {
        const keeps = [...Array(A + T).keys()].map((row) => (row < A ? 0 : 1));
        return out_BSD.mul(tf.tensor(keeps, [1, A + T, 1]));
      }),
    );
    const expected = hear(design("delayed-fusion"), taps(...cut));
    assertClose(hear(design("ffn-skipped")), expected, { atol: 1e-6 });
    const whole = hear(design("delayed-fusion"));
    assert.ok(distance(whole, expected) > 1e-3);
  });

  it("on one projection gives every layer the same tokens", () => {
    const given = [
      ...record(design("shared-projection"), /hook_audio_in$/).values(),
    ];
    assert.equal(given.length, 3);
    for (const tokens_BAD of given) {
      assertClose(tokens_BAD, given[0], { atol: 0 });
    }
    const own = [
      ...record(design("attention-only"), /hook_audio_in$/).values(),
    ];
    assert.ok(distance(own[0], own[1]) > 1e-2);
  });

  it("with summaries lets means of the tokens into the stream", () => {
    const pre = record(design("summary-hybrid"), /^blocks\.1\.hook_resid_pre$/);
    const [stream] = pre.values();
    const [audio_BAD] = audioTokens(design("summary-hybrid"));
    const mean = (from: number, count: number) =>
      audio_BAD.slice([0, from], [1, count]).mean(1);
    for (const [i, [from, count]] of [
      [0, 2],
      [2, 3],
      [5, 3],
    ].entries()) {
      assertClose(stream.slice([0, i], [1, 1]), mean(from, count));
    }
  });
});

describe("the residual stream", () => {
  before(startEngine);

  it("is the sum of what attention and FFN add", () => {
    for (const variant of designs) {
      const seen = record(variant, /hook_(resid|attn_out|mlp_out|z$|result)/);
      for (const layer of layers) {
        const at = (hook: string) => seen.get(`blocks.${layer}.${hook}`)!;
        assertClose(
          at("hook_resid_pre").add(at("hook_attn_out")),
          at("hook_resid_mid"),
          { atol: 0 },
        );
        assertClose(
          at("hook_resid_mid").add(at("hook_mlp_out")),
          at("hook_resid_post"),
          { atol: 0 },
        );
        assertClose(at("attn.hook_result").sum(2), at("hook_attn_out"));
      }
    }
  });

  it("goes through patterns whose rows sum to 1 and obey the mask", () => {
    for (const variant of designs) {
      const seen = record(variant, /hook_(pattern|attn_scores)$/);
      for (const layer of layers) {
        const pattern = seen.get(`blocks.${layer}.attn.hook_pattern`)!;
        const scores = seen.get(`blocks.${layer}.attn.hook_attn_scores`)!;
        assertClose(
          pattern.sum(-1),
          new Float32Array(pattern.size / pattern.shape[3]!).fill(1),
        );
        const closed = scores.less(-forbidden / 2).cast("float32");
        assert.equal(pattern.mul(closed).max().dataSync()[0], 0);
      }
    }
  });

  it("is the same when heads read copies of it", () => {
    const asked = /hook_[qkv]_input$/;
    for (const variant of designs) {
      const { tap } = recorder((name) => asked.test(name));
      assertClose(hear(variant, tap), hear(variant), { atol: 1e-5 });
    }
  });

  it("changes with what one head reads, and no other head's query", () => {
    const name = "blocks.2.hook_q_input";
    const loud = replace(name, (x_BSND) => {
      const [, , N] = x_BSND.shape;
      const first = [...Array(N).keys()].map((head) => (head === 0 ? 1 : 0));
      const noise = tf.linspace(-1, 1, 16);
      return x_BSND.add(tf.tensor(first, [1, 1, N!, 1]).mul(noise));
    });
    const query = /^blocks\.2\.attn\.hook_q$/;
    const [changed] = record(design("attention-only"), query, loud).values();
    const [plain] = record(design("attention-only"), query).values();
    const head = (x: tf.Tensor, from: number, count: number) =>
      x.slice([0, 0, from], [1, T, count]);
    assert.ok(distance(head(changed, 0, 1), head(plain, 0, 1)) > 1e-2);
    assertClose(head(changed, 1, 3), head(plain, 1, 3), { atol: 1e-5 });
  });
});
