import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { randomEncoder } from "../../lib/encoder/random-encoder.ts";
import {
  type Features,
  featuresInMemory,
  featuresOfFiles,
} from "../../lib/features/features.ts";
import { featuresOnTheFly } from "../../lib/features/on-the-fly.ts";
import { toyLlama } from "../../lib/llm/config.ts";
import { initLlama } from "../../lib/llm/llama.ts";
import { plainConnector } from "../../lib/pal/connector/config.ts";
import { atDepth } from "../../lib/pal/design/layer-plan.ts";
import { attentionOnly } from "../../lib/pal/design/variant.ts";
import { initAudioConnector } from "../../lib/pal/run/audio-llm.ts";
import { random } from "../../lib/tensor/random.ts";
import type { Ahead } from "../../lib/train/ahead/batches.ts";
import { trainDesign } from "../../lib/train/design.ts";
import { tone } from "../audio/fixture.ts";
import { makeWav } from "../audio/make-wav.ts";
import { assertClose, distance } from "../close.ts";
import { temporaryFolder } from "../temporary.ts";
import { settled, watchWorkers } from "../threads/workers.ts";
import { startEngine } from "../use-engine.ts";
import { fileIngredients, openFileIngredients } from "./ingredients.ts";

const folder = temporaryFolder();
const workers = watchWorkers();
after(() => assert.equal(workers().running, 0));

const paths = [200, 300, 400, 500].map((hz) => {
  const path = join(folder, `${hz}.wav`);
  writeFileSync(path, makeWav(tone(hz, 16_000, 16_000)));
  return path;
});

async function losses(features: Features, ahead?: Ahead) {
  const { source, writer } = openFileIngredients(paths);
  const { vocabularySize } = writer.tokenizer;
  const config = {
    variant: atDepth(attentionOnly, 2),
    llama: { ...toyLlama, nLayers: 2, width: 32, vocabularySize },
    connector: plainConnector({
      query: { steps: 4, bands: 1 },
      width: 16,
      nHeads: 2,
    }),
    encoders: features.encoders,
    audioAt: writer.audioAt,
  };
  const model = {
    llama: initLlama(config.llama, random("llama")),
    connector: initAudioConnector(config, random("connector")),
  };
  const plan = {
    ...{ config, source, features, writer, ahead },
    lengths: { text: 48, answer: 4 },
    trains: "connector" as const,
    batchSize: 3,
    schedule: { steps: 6, peakLearningRate: 2e-2, warmupRatio: 0.1 },
  };
  return (await trainDesign(plan, model)).losses;
}

describe("encoders that run as batches are made", () => {
  before(startEngine);

  it("train alike with their pictures made here or in threads, and as a cache does", async () => {
    const encoder = await randomEncoder("sslam", 1);
    const flying = featuresOnTheFly([{ encoder }]);
    const wanted = await losses(flying);
    for (const n of [1, 2]) {
      const ingredients = fileIngredients(paths);
      const got = await losses(flying, { workers: { n, ingredients } });
      assert.deepEqual(got, wanted, `${n} threads`);
    }
    assert.deepEqual(await losses(flying, {}), wanted);
    assert.equal(await settled(workers), 0);

    const options = { store: "none" as const };
    const files = featuresOfFiles([{ encoder, options }]);
    const [features] = await files.read(paths);
    const [sizes] = files.encoders;
    const kept = await losses(
      featuresInMemory([{ encoder: sizes, audio: paths, features }]),
    );
    // Last bits of the features, and six steps that build on them.
    assertClose(kept, wanted, { rtol: 1e-4 });
    assert.ok(distance(wanted.subarray(5), wanted.subarray(0, 1)) > 1e-2);
    flying.dispose();
    encoder.dispose();
  });
});
