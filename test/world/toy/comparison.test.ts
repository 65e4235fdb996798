import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { toyEncoder } from "../../../lib/encoder/toy.ts";
import { initLlama } from "../../../lib/llm/llama.ts";
import { atDepth } from "../../../lib/pal/design/layer-plan.ts";
import {
  attentionOnly,
  baseline,
  delayedFusion,
  sharedConnector,
} from "../../../lib/pal/design/variant.ts";
import { leaves, toPlain } from "../../../lib/tensor/params.ts";
import { random } from "../../../lib/tensor/random.ts";
import { accuracyRows } from "../../../lib/world/toy/answers.ts";
import { planClips } from "../../../lib/world/toy/clips.ts";
import {
  comparisonSetting,
  encodeComparisonClips,
  heldOutSet,
  learnLanguage,
  runControl,
  runDesign,
  type World,
} from "../../../lib/world/toy/comparison.ts";
import { audioBatch, trainDesign } from "../../../lib/world/toy/design.ts";
import { encodeClips } from "../../../lib/world/toy/encode-clips.ts";
import { textBatch } from "../../../lib/world/toy/language-model.ts";
import { scales } from "../../../lib/world/toy/scales.ts";
import { allSoundfonts, tim } from "../../soundfonts.ts";
import { startEngine } from "../../use-engine.ts";

const setting = comparisonSetting();
const small = { ...setting, llama: { ...setting.llama, nLayers: 2 } };
const encoder = toyEncoder();
const plan = {
  setting: small,
  batchSize: 4,
  schedule: { steps: 3, peakLearningRate: 1e-2, warmupRatio: 0.1 },
  seed: 3,
};
const fewClips = () =>
  encodeClips(planClips("test", "TimGM6mb", { count: 4, seed: 1 }), {
    encoder,
    soundfonts: [tim()],
  });

describe("batches", () => {
  before(startEngine);

  it("are the same for every design", async () => {
    const clips = await fewClips();
    const read = (variant: typeof baseline) => {
      const batch = audioBatch(clips, { ...plan, variant }, 2);
      return leaves(batch).map((leaf) => [...leaf.dataSync()]);
    };
    assert.deepEqual(read(baseline), read(sharedConnector));
  });

  it("count the answer and its end, and nothing before", async () => {
    const clips = await fewClips();
    const { tokenizer } = setting;
    const { scored } = audioBatch(clips, { ...plan, variant: baseline }, 0);
    const weights = scored.weight_X.dataSync();
    const targets = [...scored.target_X.dataSync()];
    const answers = [0, 5, 10, 15].map((from) =>
      tokenizer.decode(
        targets.slice(from, from + 5).filter((_, i) => weights[from + i] === 1),
      ),
    );
    for (const answer of answers) {
      assert.match(answer, /^(yes|no|\w+( and \w+)?) \. <end>$/);
    }
  });

  it("of text have as many places as text and audio together", () => {
    const { scored, tokens_BT } = textBatch(
      { ...plan, ...small, nJottings: 12 },
      0,
    );
    assert.deepEqual(tokens_BT.shape, [4, 32]);
    const filled = [...tokens_BT.dataSync()].map((id) => id !== 0);
    const counted = [...scored.weight_X.dataSync()].filter((w) => w > 0);
    const rows = 4; // nothing is scored before a row's first token
    assert.equal(counted.length + rows, filled.filter(Boolean).length);
  });
});

describe("a design", () => {
  before(startEngine);

  for (const variant of [
    baseline,
    delayedFusion,
    attentionOnly,
    sharedConnector,
  ]) {
    it(`${variant.name} learns while the language model stays`, async () => {
      const clips = await fewClips();
      const llama = initLlama(small.llama, random("frozen"));
      const before = structuredClone(toPlain(llama));
      const held = tf.memory().numTensors;
      const { losses, params } = await trainDesign(
        {
          ...plan,
          variant: atDepth(variant, 2),
          schedule: { ...plan.schedule, steps: 12 },
        },
        { clips, llama },
      );
      assert.deepEqual(toPlain(llama), before);
      assert.ok(losses[11] < losses[0]);
      assert.equal(tf.memory().numTensors - held, leaves(params).length);
    });
  }
});

describe("the comparison of the first notebook", () => {
  before(startEngine);
  const scale = scales.smoke;

  async function world(): Promise<World> {
    const tools = { encoder, soundfonts: allSoundfonts() };
    const clips = await encodeComparisonClips(scale, tools);
    const { llama } = await learnLanguage(scale, small);
    return { scale, setting: small, clips, llama };
  }

  it("goes from sounds to rows, the same rows twice", async () => {
    const rows = async () => {
      const here = await world();
      const variant = atDepth(delayedFusion, 2);
      const { answers, losses } = await runDesign({ variant, seed: 1 }, here);
      return { answers, losses };
    };
    const [one, two] = [await rows(), await rows()];
    assert.deepEqual(one, two);
    assert.ok(one.losses.every(Number.isFinite));
    const heldOut = accuracyRows(one.answers).filter(
      ({ set }) => set === heldOutSet,
    );
    const yesNo = heldOut.find(({ task }) => task === "yes or no");
    assert.equal(yesNo?.n, scale.clips.heldOut);
  });

  it("keeps held-out recordings out of training", async () => {
    const { clips } = await world();
    const fonts = (of: keyof typeof clips) => [
      ...new Set(clips[of].plans.map((clip) => clip.soundfont)),
    ];
    assert.deepEqual(fonts("heldOut"), ["TimGM6mb"]);
    assert.ok(!fonts("train").includes("TimGM6mb"));
    const names = new Set(clips.train.plans.map((clip) => clip.name));
    assert.ok(clips.trained.plans.every((clip) => !names.has(clip.name)));
  });

  it("asks the controls the same questions", async () => {
    const here = await world();
    const variant = atDepth(baseline, 2);
    const { answers } = await runDesign({ variant, seed: 1 }, here);
    const asked = (rows: typeof answers) =>
      rows
        .filter(({ set }) => set === heldOutSet)
        .map(({ clip, expected, question }) => [clip, question, expected]);
    for (const control of ["no audio", "written notes"] as const) {
      assert.deepEqual(asked(await runControl(control, here)), asked(answers));
    }
  });

  it("stops when it is told to", async () => {
    const signal = AbortSignal.abort(new Error("stop here"));
    const tools = { encoder, soundfonts: allSoundfonts() };
    await assert.rejects(
      encodeComparisonClips(scale, tools, { signal }),
      /stop here/,
    );
    await assert.rejects(learnLanguage(scale, small, { signal }), /stop here/);
  });
});
