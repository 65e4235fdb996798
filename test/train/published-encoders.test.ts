import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { listSource } from "../../lib/data/list.ts";
import {
  openEncoder,
  type PretrainedEncoder,
} from "../../lib/encoder/pretrained.ts";
import {
  type FeatureCache,
  openFeatureCache,
} from "../../lib/features/cache.ts";
import { featuresOfFiles } from "../../lib/features/features.ts";
import { identify } from "../../lib/features/identity.ts";
import { weightsFolder } from "../../lib/hub/fetch.ts";
import { chatPrompt } from "../../lib/llm/chat.ts";
import { toyLlama } from "../../lib/llm/config.ts";
import { openTokenizer } from "../../lib/llm/hf-tokenizer.ts";
import { initLlama } from "../../lib/llm/llama.ts";
import { type PromptWriter, promptWriter } from "../../lib/llm/prompt.ts";
import { plainConnector } from "../../lib/pal/connector/config.ts";
import { costOf } from "../../lib/pal/cost/cost.ts";
import { atDepth } from "../../lib/pal/design/layer-plan.ts";
import { attentionOnly, type Variant } from "../../lib/pal/design/variant.ts";
import { initAudioConnector } from "../../lib/pal/run/audio-llm.ts";
import { countParameters } from "../../lib/tensor/params.ts";
import { random } from "../../lib/tensor/random.ts";
import { type DesignPlan, trainDesign } from "../../lib/train/design.ts";
import { tone } from "../audio/fixture.ts";
import { makeWav } from "../audio/make-wav.ts";
import { tinyCache } from "../encoder/tiny-cache.ts";
import { folderOf, temporary, tinyFiles } from "../llm/tokenizer-support.ts";
import { startEngine } from "../use-engine.ts";

const folder = mkdtempSync(join(tmpdir(), "pal-published-"));
after(() => {
  rmSync(folder, { recursive: true });
  rmSync(temporary, { recursive: true, force: true });
});

/** The design as it is, and the one line that gives it other encoders. */
const bySslam: Variant = { ...attentionOnly, name: "by-sslam" };
const designs: readonly Variant[] = [
  bySslam,
  { ...bySslam, name: "by-clap", encoders: ["clap-general"] },
  { ...bySslam, name: "by-aisfx", encoders: ["aisfx"] },
  { ...bySslam, name: "by-musicnn", encoders: ["musicnn"] },
  {
    ...bySslam,
    name: "by-all",
    encoders: ["sslam", "clap-general", "aisfx", "musicnn"],
  },
];

/** Clips of two rates, of a second and of twelve. */
const clips = [
  [440, 44_100, 1],
  [880, 16_000, 12],
  [220, 48_000, 3],
] as const;

describe("a design on published encoders, by one line", () => {
  let cache = "";
  let remove = () => {};
  let store: FeatureCache;
  let writer: PromptWriter;
  const paths = clips.map(([hz]) => join(folder, `${hz}.wav`));
  before(async () => {
    await startEngine();
    ({ cache, remove } = await tinyCache());
    for (const [i, [hz, sampleRate, seconds]] of clips.entries()) {
      const samples = tone(hz, seconds * sampleRate, sampleRate);
      writeFileSync(paths[i], makeWav(samples, { sampleRate }));
    }
    const tokenizer = await openTokenizer(folderOf(tinyFiles()));
    writer = promptWriter(tokenizer, (text) =>
      chatPrompt(tokenizer, { system: "Listen.", ...text }),
    );
    store = await openFeatureCache(join(folder, "features"), {
      precision: "float16",
      engine: "test",
      report: (line) => assert.fail(line),
    });
  });
  after(async () => {
    await store.close();
    remove();
  });

  /** Everything that follows from a design's list of encoders. */
  function planOf(
    variant: Variant,
    encoders: readonly PretrainedEncoder[],
  ): DesignPlan {
    const features = featuresOfFiles(
      encoders.map((encoder) => ({
        encoder,
        options: { store: { cache: store, identity: identify(encoder) } },
      })),
    );
    const answers = ["a dog", "2 bells", "rain"];
    const examples = paths.map((audio, i) => ({
      id: `${i}`,
      audio,
      question: "What do you hear?",
      answer: answers[i],
      task: "name",
      set: "train",
    }));
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
          query: { steps: 8, bands: 2 },
          width: 16,
          nHeads: 2,
        }),
        encoders: features.encoders,
        audioAt: writer.audioAt,
      },
      features,
      source: listSource(examples, { seed: 1 }),
      writer,
      lengths: { text: 224, answer: 16 },
      trains: "connector",
      batchSize: 3,
      schedule: { steps: 4, peakLearningRate: 1e-2, warmupRatio: 0.1 },
    };
  }

  for (const variant of designs) {
    it(`trains ${variant.name} on files, through the feature cache`, async () => {
      const encoders: PretrainedEncoder[] = [];
      for (const name of variant.encoders) {
        encoders.push(await openEncoder(weightsFolder(cache, name)));
      }
      const plan = planOf(variant, encoders);
      const { config } = plan;
      const connector = initAudioConnector(config, random("connector"));
      const { parameters } = costOf(config, { T: 224, answer: 16 });
      assert.equal(
        countParameters(connector),
        parameters.total - parameters.llama,
      );
      const llama = initLlama(config.llama, random("llama"));
      const { losses } = await trainDesign(plan, { llama, connector });
      assert.ok(losses[3] < losses[0], `${losses}`);
      for (const encoder of encoders) encoder.dispose();
    });
  }

  it("has kept each encoder's features once: the last design read them", async () => {
    const { damaged, nEntries } = await store.verify();
    assert.deepEqual([nEntries, damaged], [4 * clips.length, []]);
  });
});
