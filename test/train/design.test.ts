import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import type { Example } from "../../lib/data/example.ts";
import { listSource } from "../../lib/data/list.ts";
import { askDesign } from "../../lib/eval/ask.ts";
import type { BatchEncoder } from "../../lib/features/batch.ts";
import { openFeatureCache } from "../../lib/features/cache.ts";
import {
  type Features,
  featuresInMemory,
  featuresOfFiles,
} from "../../lib/features/features.ts";
import { chatPrompt } from "../../lib/llm/chat.ts";
import { toyLlama } from "../../lib/llm/config.ts";
import { openTokenizer } from "../../lib/llm/hf-tokenizer.ts";
import { initLlama } from "../../lib/llm/llama.ts";
import { type PromptWriter, promptWriter } from "../../lib/llm/prompt.ts";
import { plainConnector } from "../../lib/pal/connector/config.ts";
import { atDepth } from "../../lib/pal/design/layer-plan.ts";
import {
  attentionOnly,
  baseline,
  delayedFusion,
  multiEncoder,
  sharedConnector,
  type Variant,
} from "../../lib/pal/design/variant.ts";
import { initAudioConnector } from "../../lib/pal/run/audio-llm.ts";
import { leaves, toPlain } from "../../lib/tensor/params.ts";
import { random } from "../../lib/tensor/random.ts";
import { type DesignPlan, trainDesign } from "../../lib/train/design.ts";
import { tone } from "../audio/fixture.ts";
import { makeWav } from "../audio/make-wav.ts";
import { assertClose } from "../close.ts";
import { sha256 } from "../features/support.ts";
import { folderOf, temporary, tinyFiles } from "../llm/tokenizer-support.ts";
import { startEngine } from "../use-engine.ts";

const folder = mkdtempSync(join(tmpdir(), "pal-train-"));
after(() => {
  rmSync(folder, { recursive: true });
  rmSync(temporary, { recursive: true, force: true });
});

const answers = ["a dog", "2 bells", "rain"];
const examplesOf = (audio: readonly string[]): Example[] =>
  audio.map((name, i) => ({
    id: `${i}`,
    audio: name,
    question: "What do you hear?",
    answer: answers[i % answers.length],
    task: "name",
    set: "train",
  }));

/** Three encoders with grids and widths of their own. */
function features(audio: readonly string[], n: number): Features {
  const grids = [
    { steps: 8, bands: 2 },
    { steps: 4, bands: 1 },
    { steps: 6, bands: 1 },
  ];
  return featuresInMemory(
    grids.slice(0, n).map((grid, e) => {
      const width = 5 + e;
      const chance = random("features", e);
      const length = audio.length * grid.steps * grid.bands * width;
      return {
        encoder: { name: `encoder-${e}`, grid, width },
        audio,
        features: Float32Array.from({ length }, () => chance.normal()),
      };
    }),
  );
}

function planOf(
  variant: Variant,
  { heard, writer }: { heard: Features; writer: PromptWriter },
  audio: readonly string[],
): DesignPlan {
  const llama = {
    ...toyLlama,
    nLayers: 4,
    width: 32,
    contextLength: 256,
    vocabularySize: writer.tokenizer.vocabularySize,
  };
  return {
    config: {
      variant: atDepth(variant, 4),
      llama,
      connector: plainConnector({
        query: { steps: 4, bands: 1 },
        width: 16,
        nHeads: 2,
      }),
      encoders: heard.encoders,
      audioAt: writer.audioAt,
    },
    features: heard,
    source: listSource(examplesOf(audio), { seed: 1 }),
    writer,
    lengths: { text: 224, answer: 16 },
    trains: "connector",
    batchSize: 3,
    schedule: { steps: 10, peakLearningRate: 2e-2, warmupRatio: 0.1 },
  };
}

describe("trainDesign", () => {
  let writer: PromptWriter;
  before(async () => {
    await startEngine();
    const tokenizer = await openTokenizer(folderOf(tinyFiles()));
    writer = promptWriter(tokenizer, (text) =>
      chatPrompt(tokenizer, { system: "Listen.", ...text }),
    );
  });
  const audio = ["one", "two", "three"];
  const modelOf = ({ config }: DesignPlan) => ({
    llama: initLlama(config.llama, random("llama")),
    connector: initAudioConnector(config, random("connector")),
  });

  for (const variant of [
    baseline,
    delayedFusion,
    attentionOnly,
    sharedConnector,
    multiEncoder,
  ]) {
    it(`teaches ${variant.name} while the language model stays`, async () => {
      const heard = features(audio, variant.encoders.length);
      const plan = planOf(variant, { heard, writer }, audio);
      const model = modelOf(plan);
      const before = structuredClone(toPlain(model.llama));
      const held = tf.memory().numTensors;
      const { losses, params } = await trainDesign(plan, model);
      assert.deepEqual(Object.keys(params), ["connector"]);
      assert.deepEqual(toPlain(model.llama), before);
      assert.ok(losses[9] < losses[0], `${losses}`);
      const kept = leaves(params.connector!).length;
      assert.equal(tf.memory().numTensors - held, kept);
    });
  }

  it("moves the language model with the connector, and learns more", async () => {
    const heard = features(audio, 3);
    const plan = planOf(multiEncoder, { heard, writer }, audio);
    const model = modelOf(plan);
    const alone = await trainDesign(plan, model);
    const both = await trainDesign({ ...plan, trains: "connector+llm" }, model);
    assert.deepEqual(Object.keys(both.params), ["connector", "llama"]);
    // Two graphs: their last bits may differ.
    assert.ok(Math.abs(both.losses[0] - alone.losses[0]) < 1e-5);
    assert.ok(both.losses[9] < alone.losses[9]);
    const trained = { ...model, ...both.params };
    const given = await askDesign(
      examplesOf(audio),
      { config: plan.config, model: trained, features: heard, writer },
      { batchSize: 2, maxNew: 12 },
    );
    assert.equal(given.length, 3);
  });

  it("learns the same where layers are computed again", async () => {
    const heard = features(audio, 3);
    const plan = planOf(multiEncoder, { heard, writer }, audio);
    const model = modelOf(plan);
    for (const trains of ["connector", "connector+llm"] as const) {
      const kept = await trainDesign({ ...plan, trains }, model);
      const again = await trainDesign(
        { ...plan, trains, recomputes: "layers" },
        model,
      );
      assertClose(again.losses, kept.losses, { rtol: 1e-4 });
    }
  });

  it("hears files through their cache as it hears sounds in memory", async () => {
    const paths = [200, 300, 400].map((hz) => {
      const path = join(folder, `${hz}.wav`);
      writeFileSync(path, makeWav(tone(hz, 16_000, 16_000)));
      return path;
    });
    const grid = {
      axes: ["time", "frequency"] as const,
      steps: 4,
      bands: 1,
      seconds: [],
      hertz: [],
    };
    let encoded = 0;
    const encoder: BatchEncoder = {
      name: "of samples",
      grid,
      width: 5,
      sampleRate: 16_000,
      encodeAll: (clips) => {
        encoded += clips.length;
        return clips.map((samples) => samples.slice(100, 120));
      },
    };
    const cache = await openFeatureCache(join(folder, "cache"), {
      precision: "float16",
      engine: "test",
      report: (line) => assert.fail(line),
    });
    const store = {
      cache,
      identity: { weights: sha256("weights"), settings: { name: "fake" } },
    };
    const files = featuresOfFiles([{ encoder, options: { store } }]);
    const plan = planOf(baseline, { heard: files, writer }, paths);
    const model = modelOf(plan);
    const fromFiles = await trainDesign(plan, model);
    assert.equal(encoded, 3);

    const [values] = await files.read(paths);
    const { name, width } = encoder;
    const inMemory = featuresInMemory([
      { encoder: { name, grid, width }, audio: paths, features: values },
    ]);
    const again = await trainDesign({ ...plan, features: inMemory }, model);
    assert.deepEqual(again.losses, fromFiles.losses);
    await assert.rejects(files.read([join(folder, "none.wav")]), {
      message: /^read: expected features of .*none\.wav, got: /,
    });
    await cache.close();
  });

  it("refuses features of other encoders than the design reads", async () => {
    const plan = planOf(baseline, { heard: features(audio, 1), writer }, audio);
    const other = { ...plan, features: features(audio, 2) };
    await assert.rejects(trainDesign(other, modelOf(plan)), {
      name: "RangeError",
      message:
        "trainDesign: expected features of encoder-0 (8 x 2 x 5), got " +
        'encoder-0 (8 x 2 x 5), encoder-1 (4 x 1 x 6) (variant "baseline")',
    });
  });

  it("refuses a plan that it cannot follow", async () => {
    const plan = planOf(baseline, { heard: features(audio, 1), writer }, audio);
    const model = modelOf(plan);
    const mute = {
      ...writer,
      write: () => writer.write({ question: "What?" }),
    };
    for (const [change, message] of [
      [{ recomputes: "all" }, /expected recomputes "layers" or "nothing", got/],
      [{ batchSize: 0 }, /expected a batch of 1 or more examples, got 0/],
      [{ trains: "llm" }, /trains "connector" or "connector\+llm", got "llm"/],
      [{ writer: mute }, /expected an answer to learn, got a prompt of \d+/],
    ] as const) {
      const changed = { ...plan, ...change } as DesignPlan;
      await assert.rejects(trainDesign(changed, model), {
        name: "RangeError",
        message,
      });
    }
  });

  it("refuses features of the right sizes and another encoder", async () => {
    const heard = features(audio, 1);
    const plan = planOf(baseline, { heard, writer }, audio);
    const [encoder] = heard.encoders;
    const config = {
      ...plan.config,
      encoders: [{ ...encoder, name: "other" }],
    };
    const model = modelOf(plan);
    const message = /expected features of other \(8 x 2 x 5\), got encoder-0/;
    await assert.rejects(trainDesign({ ...plan, config }, model), { message });
    const asked = { config, model, features: heard, writer };
    const options = { batchSize: 1, maxNew: 1 };
    await assert.rejects(askDesign(examplesOf(audio), asked, options), {
      message,
    });
  });
});
