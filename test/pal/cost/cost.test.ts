import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import type { Grid } from "../../../lib/encoder/encoder.ts";
import type { KeyValue } from "../../../lib/llm/attention.ts";
import { llama32_1b, toyLlama } from "../../../lib/llm/config.ts";
import { decodeStep, slotTensors } from "../../../lib/llm/kv-cache.ts";
import { initLlama, unembed } from "../../../lib/llm/llama.ts";
import { rotationOf } from "../../../lib/llm/rope.ts";
import {
  type ConnectorConfig,
  paperConnector,
} from "../../../lib/pal/connector/config.ts";
import {
  type CostSequence,
  costOf,
  countLlama,
  layerCosts,
} from "../../../lib/pal/cost/cost.ts";
import {
  furtherDesigns,
  paperDesigns,
  summaryHybrid,
} from "../../../lib/pal/design/designs.ts";
import { atDepth } from "../../../lib/pal/design/layer-plan.ts";
import {
  attentionOnly,
  baseline,
  delayedFusion,
  multiEncoder,
  type Variant,
} from "../../../lib/pal/design/variant.ts";
import {
  type AudioLlm,
  type AudioLlmConfig,
  type HearOptions,
  hearText,
  initAudioConnector,
  readText,
} from "../../../lib/pal/run/audio-llm.ts";
import { normalMatrix } from "../../../lib/tensor/layers.ts";
import {
  countParameters,
  disposeTensors,
  leaves,
  tidyTree,
  withLeaves,
} from "../../../lib/tensor/params.ts";
import { random } from "../../../lib/tensor/random.ts";
import { startEngine } from "../../use-engine.ts";
import { countFlops } from "../support.ts";

const designs = [...paperDesigns, ...furtherDesigns].map(
  ({ variant }) => variant,
);

/** A design with other sizes than any real one. */
function smallConfig(
  variant: Variant,
  settings: Partial<ConnectorConfig> = {},
): AudioLlmConfig {
  const llama = { ...toyLlama, nLayers: 5, vocabularySize: 13 };
  const grids: readonly Grid[] = [
    { steps: 4, bands: 4 },
    { steps: 4, bands: 1 },
    { steps: 2, bands: 2 },
  ];
  const summaries = { audioPath: { summaryTokens: 3 } };
  return {
    variant: {
      ...atDepth(variant, llama.nLayers),
      ...(typeof variant.audioPath === "object" ? summaries : {}),
    },
    llama,
    connector: {
      ...paperConnector,
      query: { steps: 4, bands: 2 },
      width: 16,
      nHeads: 2,
      ...settings,
    },
    encoders: variant.encoders.map((name, i) => ({
      name,
      grid: grids[i],
      width: 5 + 2 * i,
    })),
    audioAt: 2,
  };
}

const sequence = { T: 7, B: 3, answer: 4 };

function initModel(config: AudioLlmConfig): AudioLlm {
  return {
    llama: initLlama(config.llama, random("llama")),
    connector: initAudioConnector(config, random("connector")),
  };
}

function textTokens(): tf.Tensor2D {
  return tf.zeros([sequence.B, sequence.T], "int32");
}

/** Scores of the answer's tokens, which are the last. */
function scoresOf(
  model: AudioLlm,
  config: AudioLlmConfig,
  options: Omit<HearOptions, "config"> = {},
): tf.Tensor3D {
  const { B, T, answer } = sequence;
  const features = config.encoders.map(({ grid, name, width }) => {
    const P = grid.steps * grid.bands;
    const features_XE = normalMatrix(random(name), [B * P, width], 1);
    return features_XE.reshape<tf.Tensor3D>([B, P, width]);
  });
  const text_BT = textTokens();
  const text_BTD = hearText(
    model,
    { text_BT, features },
    { ...options, config },
  );
  const answer_BTD = text_BTD.slice(
    [0, T - answer, 0],
    [B, answer, config.llama.width],
  );
  return unembed(model.llama, answer_BTD, { config: config.llama });
}

/** Operations of a step that trains some of the model. */
function countStep(
  config: AudioLlmConfig,
  trained: readonly (keyof AudioLlm)[],
  isRead = false,
): Promise<number> {
  const model = initModel(config);
  const read_BTD = isRead
    ? readText(model.llama, textTokens(), config)
    : undefined;
  const moving = Object.fromEntries(trained.map((part) => [part, model[part]]));
  return countFlops(() => {
    const { grads, value } = tf.valueAndGrads((...values: tf.Tensor[]) => {
      const moved = { ...model, ...withLeaves(moving, values) };
      return scoresOf(moved, config, { read_BTD }).square().mean() as tf.Scalar;
    })(leaves(moving));
    return [value, ...grads];
  }).finally(() => disposeTensors(model));
}

describe("costOf", () => {
  before(startEngine);

  for (const variant of designs) {
    const config = smallConfig(variant);
    const cost = costOf(config, sequence);

    it(`${variant.name}: parameters are those of the model`, () => {
      const model = initModel(config);
      const { parameters } = cost;
      const { crossAttentions, projections } = model.connector;
      assert.deepEqual(parameters, {
        llama: countParameters(model.llama),
        crossAttentions: countParameters(crossAttentions),
        projections: countParameters(projections),
        total: countParameters(model),
      });
      disposeTensors(model);
    });

    it(`${variant.name}: the forward pass makes these products`, async () => {
      const model = initModel(config);
      const counted = await countFlops(() => scoresOf(model, config));
      disposeTensors(model);
      assert.equal(cost.forward.total, counted);
    });

    it(`${variant.name}: a training step makes these products`, async () => {
      const stage1 = await countStep(config, ["connector"]);
      const cached = await countStep(config, ["connector"], true);
      const stage2 = await countStep(config, ["llama", "connector"]);
      assert.deepEqual(
        [cost.stage1Step, cost.stage1CachedStep, cost.stage2Step].map(
          ({ total }) => total,
        ),
        [stage1, cached, stage2],
      );
    });

    it(`${variant.name}: keeps this and decodes with it`, async () => {
      const model = initModel(config);
      const cache = keptBy(model, config);
      const numbers = leaves(cache).reduce((sum, { size }) => sum + size, 0);
      assert.equal(cost.keyValueBytes.decode.float32, 4 * numbers);
      const counted = await countFlops(() => decodeOne(model, config, cache));
      disposeTensors([model, cache]);
      assert.equal(cost.nextToken.total, counted);
    });
  }

  const settings: Partial<ConnectorConfig>[] = [
    { arithmetic: "per-cell" },
    { positions: "none", cellPositions: "none" },
    { positions: "learned", depth: 2, hasMlp: true },
    { projection: "mlp", softmax: "per-encoder", hasNorms: false },
    { query: { steps: 3, bands: 1 } },
  ];
  for (const setting of settings) {
    it(`knows a connector's ${JSON.stringify(setting)}`, async () => {
      const config = smallConfig(multiEncoder, setting);
      const { stage1Step } = costOf(config, sequence);
      assert.equal(stage1Step.total, await countStep(config, ["connector"]));
    });
  }
});

/** The keys and values that a model keeps of a sequence. */
function keptBy(model: AudioLlm, config: AudioLlmConfig): KeyValue[] {
  return tidyTree(() => {
    const cache: KeyValue[] = [];
    scoresOf(model, config, {
      keep: ({ k_BKMH, v_BKMH }) => cache.push({ k_BKMH, v_BKMH }),
    });
    return cache;
  });
}

function decodeOne(
  { llama }: AudioLlm,
  { llama: config }: AudioLlmConfig,
  cache: readonly KeyValue[],
): tf.Tensor {
  const { B, T } = sequence;
  const next = {
    tokens_B1: tf.zeros<tf.Rank.R2>([B, 1], "int32"),
    rotations: [rotationOf([T], config)],
    ...slotTensors(Array(B).fill(T - 1), T),
  };
  return decodeStep(llama, { cache, next }, { config }).logits_BV;
}

/** A design at the sizes of the paper, with guesses where it has none. */
function paperConfig(variant: Variant): AudioLlmConfig {
  const htsat = { grid: { steps: 32, bands: 2 }, width: 1024 };
  const sslam = { grid: { steps: 64, bands: 8 }, width: 768 };
  return {
    variant,
    llama: llama32_1b,
    connector: paperConnector,
    encoders: variant.encoders.map((name) => ({
      name,
      ...(name === "sslam" ? sslam : htsat),
    })),
    audioAt: 0,
  };
}

describe("the paper's designs at full size", () => {
  const [Nt, Na, d, f] = [108, 64, 2048, 8192];
  const of = (variant: Variant) => costOf(paperConfig(variant), { T: Nt });
  const layersOf = (variant: Variant) =>
    layerCosts(paperConfig(variant), { T: Nt });

  it("have the language model's 1,235,814,400 parameters", () => {
    // Meta's model card: 1.23 B.
    assert.equal(countLlama(llama32_1b), 1_235_814_400);
  });

  it("keep 32 KiB of keys and values for each token", () => {
    // 16 layers x 8 heads x 64 x keys and values x 2 bytes.
    const { bf16 } = of(baseline).keyValueBytes.decode;
    assert.equal(bf16 / (Nt + Na), 32 * 1024);
  });

  it("cost less with each hypothesis of how audio enters", () => {
    const costs = [baseline, delayedFusion, attentionOnly].map(of);
    for (const part of ["forward", "stage1Step", "stage2Step"] as const) {
      const [all, delayed, least] = costs.map((cost) => cost[part].total);
      assert.ok(all > delayed && delayed > least, part);
    }
  });

  it("compare rows and keys as the project page says", () => {
    // (Na + Nt)^2 for the baseline, (Na + Nt) Nt without audio queries.
    const scores = (variant: Variant) => of(variant).forward.attentionScores;
    assert.equal(scores(baseline), 16 * 4 * d * (Na + Nt) ** 2);
    const below = 4 * 4 * d * Nt ** 2;
    const delayed = below + 12 * 4 * d * (Na + Nt) ** 2;
    assert.equal(scores(delayedFusion), delayed);
    const least = below + 12 * 4 * d * (Na + Nt) * Nt;
    assert.equal(scores(attentionOnly), least);
  });

  it("spend the FFN on rows of the stream only", () => {
    const ffn = (variant: Variant) => of(variant).forward.ffn;
    assert.equal(ffn(baseline), 16 * 6 * d * f * (Na + Nt));
    assert.equal(ffn(attentionOnly), 16 * 6 * d * f * Nt);
  });

  it("keep equally many keys in a fused layer, whatever the path", () => {
    const kept = [baseline, delayedFusion, attentionOnly].map((variant) =>
      layersOf(variant).map(({ keyValueBytes }) => keyValueBytes),
    );
    assert.deepEqual(kept[0].slice(4), kept[2].slice(4));
    assert.deepEqual(kept[1], kept[2]);
    assert.ok(kept[2][3] < kept[0][3]);
  });

  it("leave the language model alone when encoders are added", () => {
    assert.deepEqual(layersOf(multiEncoder), layersOf(attentionOnly));
    const [one, three] = [of(attentionOnly), of(multiEncoder)];
    assert.ok(three.forward.connector > one.forward.connector);
    assert.deepEqual(three.nextToken, one.nextToken);
  });

  it("send no gradient below the first audio in stage 1", () => {
    const layers = layersOf(delayedFusion);
    for (const { forward, layer, stage1Step } of layers) {
      assert.equal(stage1Step > forward, layer >= 4, `layer ${layer}`);
    }
  });

  it("triple the language model's products in stage 2", () => {
    for (const { forward, stage2Step } of layersOf(attentionOnly)) {
      assert.equal(stage2Step, 3 * forward);
    }
  });
});

describe("costOf's refusals", () => {
  const config = paperConfig(attentionOnly);
  const refusals: [AudioLlmConfig, CostSequence, RegExp][] = [
    [config, { T: 0 }, /^costOf: expected T in 1\.\.131008, got 0 \(64 audio/],
    [config, { T: 131_009 }, /T in 1\.\.131008, got 131009/],
    [{ ...config, audioAt: 9 }, { T: 8 }, /T in 9\.\.131008, got 8/],
    [config, { T: 8, answer: 9 }, /answer in 0\.\.8, got 9/],
    [config, { T: 8, B: 1.5 }, /B in 1\.\.\d+, got 1\.5/],
    [
      {
        ...config,
        variant: { ...summaryHybrid, audioPath: { summaryTokens: 65 } },
      },
      { T: 8 },
      /summaryTokens in 0\.\.64, got 65 .*variant "summary-hybrid"/,
    ],
  ];
  for (const [refused, sequence, message] of refusals) {
    it(`say ${message.source}`, () => {
      assert.throws(() => costOf(refused, sequence), {
        name: "RangeError",
        message,
      });
    });
  }
});
