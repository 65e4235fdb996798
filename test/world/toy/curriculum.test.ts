import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { initLlama } from "../../../lib/llm/llama.ts";
import type { Variant } from "../../../lib/pal/design/variant.ts";
import {
  attentionOnly,
  baseline,
  delayedFusion,
} from "../../../lib/pal/design/variant.ts";
import {
  disposeTensors,
  type PlainTensors,
  toPlain,
} from "../../../lib/tensor/params.ts";
import { random } from "../../../lib/tensor/random.ts";
import { firstBatch } from "../../../lib/train/first-batch.ts";
import { cutRows } from "../../../lib/train/rows/cuts.ts";
import { planOf } from "../../../lib/train/run/stage-plan.ts";
import {
  toyCurriculum,
  trainingClips,
} from "../../../lib/world/toy/curriculum.ts";
import type { EncodedClips } from "../../../lib/world/toy/encode-clips.ts";
import { comparisonSetting } from "../../../lib/world/toy/setting.ts";
import { allSoundfonts } from "../../soundfonts.ts";
import { startEngine } from "../../use-engine.ts";

const setting = comparisonSetting();
const small = { ...setting, llama: { ...setting.llama, nLayers: 2 } };

describe("designs in the toy world", () => {
  let clips: EncodedClips;
  let llama: PlainTensors;
  before(async () => {
    await startEngine();
    clips = await trainingClips("smoke", allSoundfonts());
    const made = initLlama(small.llama, random("llama", 1));
    llama = toPlain(made);
    disposeTensors(made);
  });

  const prepared = async (design: Variant, seed = 1) => {
    const given = { clips, llama, setting: small, scale: "smoke" } as const;
    const curriculum = toyCurriculum(design, { ...given, seed });
    const [stage] = curriculum.stages;
    const start = await curriculum.start();
    return { plan: planOf(stage, curriculum), start };
  };

  it("are paired: each is given the first batch of the others", async () => {
    const hashOf = async (design: Variant, seed?: number) => {
      const { plan, start } = await prepared(design, seed);
      const { sha256 } = await firstBatch(plan, start);
      disposeTensors(start);
      return sha256;
    };
    const wanted = await hashOf(baseline);
    for (const design of [delayedFusion, attentionOnly]) {
      assert.equal(await hashOf(design), wanted);
    }
    assert.notEqual(await hashOf(baseline, 2), wanted);
  });

  it("take the same step from parts, but not where parts count alike", async () => {
    const { plan, start } = await prepared(delayedFusion);
    const schedule = { steps: 2, peakLearningRate: 1e-2, warmupRatio: 0 };
    const seen = await firstBatch(plan, start);
    const rows = await cutRows({ ...plan, schedule }, start, [
      { microBatchSize: 4, mean: "batch" },
      { microBatchSize: 2, mean: "batch" },
      { microBatchSize: 1, mean: "batch" },
      { microBatchSize: 1, mean: "micro-batch" },
    ]);
    disposeTensors(start);
    assert.deepEqual(
      rows.map(({ cut }) => cut),
      ["1 x 4", "2 x 2", "4 x 1", "4 x 1"],
    );
    const [whole, halves, ones, alike] = rows;
    assert.equal(whole.apart, 0);
    assert.ok(Math.abs(whole.loss - seen.loss) < 1e-5);
    for (const parts of [halves, ones]) {
      assert.ok(Math.abs(parts.loss - whole.loss) < 1e-5);
      assert.ok(parts.apart < 0.1, `${parts.apart} %`);
    }
    assert.ok(alike.apart > 1, `${alike.apart} %`);
  });

  it("refuse to be cut in no way", async () => {
    const { plan, start } = await prepared(baseline);
    await assert.rejects(cutRows(plan, start, []), {
      name: "RangeError",
      message: "cutRows: expected one cut or more, got none",
    });
    disposeTensors(start);
  });
});
