import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { toyEncoder } from "../../../lib/encoder/toy.ts";
import { atDepth } from "../../../lib/pal/design/layer-plan.ts";
import { baseline, delayedFusion } from "../../../lib/pal/design/variant.ts";
import { exampleBatch } from "../../../lib/train/batch.ts";
import { accuracyRows } from "../../../lib/world/toy/answers.ts";
import { planClips } from "../../../lib/world/toy/clips.ts";
import {
  encodeComparisonClips,
  heldOutSet,
  learnLanguage,
  runControl,
  runDesign,
  type World,
} from "../../../lib/world/toy/comparison.ts";
import {
  encodeClips,
  featuresOfClips,
} from "../../../lib/world/toy/encode-clips.ts";
import { textBatch } from "../../../lib/world/toy/language-model.ts";
import { scales } from "../../../lib/world/toy/scales.ts";
import {
  comparisonSetting,
  toyWriter,
} from "../../../lib/world/toy/setting.ts";
import { toySource } from "../../../lib/world/toy/source.ts";
import { allSoundfonts, tim } from "../../soundfonts.ts";
import { startEngine } from "../../use-engine.ts";

const setting = comparisonSetting();
const small = { ...setting, llama: { ...setting.llama, nLayers: 2 } };
const encoder = toyEncoder();
const plans = planClips("test", "TimGM6mb", { count: 4, seed: 1 });
const source = () => toySource(plans, { batchSize: 4, seed: 3, set: "train" });

describe("the source of clips", () => {
  it("gives the same examples wherever it is entered", async () => {
    const [one, other] = [source(), source()];
    const whole = await one.take(0, 12);
    assert.deepEqual(await other.take(6, 3), whole.slice(6, 9));
    assert.deepEqual(await other.take(1, 2), whole.slice(1, 3));
  });

  it("refuses a place before the first", async () => {
    await assert.rejects(source().take(-1, 2), {
      name: "RangeError",
      message:
        "take: expected whole numbers from 0, got place -1 and 2 examples",
    });
  });
});

describe("batches", () => {
  before(startEngine);

  it("count the answer and its end, and nothing before", async () => {
    const clips = await encodeClips(plans, { encoder, soundfonts: [tim()] });
    const { scored } = await exampleBatch(await source().take(0, 4), {
      features: featuresOfClips(clips),
      writer: toyWriter(setting),
      lengths: { text: 20, answer: 5 },
    });
    const weights = scored.weight_X.dataSync();
    const targets = [...scored.target_X.dataSync()];
    const answers = [0, 5, 10, 15].map((from) =>
      setting.tokenizer.decode(
        targets.slice(from, from + 5).filter((_, i) => weights[from + i] === 1),
      ),
    );
    for (const answer of answers) {
      assert.match(answer, /^(yes|no|\w+( and \w+)?) \. <end>$/);
    }
  });

  it("of text have as many places as text and audio together", () => {
    const { scored, tokens_BT } = textBatch(
      {
        ...small,
        nJottings: 12,
        batchSize: 4,
        schedule: { steps: 3, peakLearningRate: 1e-2, warmupRatio: 0.1 },
        seed: 3,
      },
      0,
    );
    assert.deepEqual(tokens_BT.shape, [4, 32]);
    const filled = [...tokens_BT.dataSync()].map((id) => id !== 0);
    const counted = [...scored.weight_X.dataSync()].filter((w) => w > 0);
    const rows = 4; // nothing is scored before a row's first token
    assert.equal(counted.length + rows, filled.filter(Boolean).length);
  });
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
