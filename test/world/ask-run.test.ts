import assert from "node:assert/strict";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { openCheckpoint } from "../../lib/checkpoint/checkpoint.ts";
import { writeSafetensors } from "../../lib/checkpoint/write-safetensors.ts";
import { toyEncoder } from "../../lib/encoder/toy.ts";
import { askDesign } from "../../lib/eval/ask.ts";
import { initLlama } from "../../lib/llm/llama.ts";
import { atDepth } from "../../lib/pal/design/layer-plan.ts";
import { attentionOnly } from "../../lib/pal/design/variant.ts";
import { initAudioConnector } from "../../lib/pal/run/audio-llm.ts";
import { disposeTensors } from "../../lib/tensor/params.ts";
import { random } from "../../lib/tensor/random.ts";
import type { Identity } from "../../lib/train/run/identity.ts";
import {
  identityIn,
  readWeights,
  weightsIn,
} from "../../lib/train/run/weights.ts";
import { askRun } from "../../lib/world/ask-run.ts";
import { planClips, renderClip } from "../../lib/world/toy/clips.ts";
import {
  encodeClips,
  featuresOfClips,
} from "../../lib/world/toy/encode-clips.ts";
import {
  comparisonSetting,
  toyConfig,
  toyWriter,
} from "../../lib/world/toy/setting.ts";
import { train } from "../../lib/world/train.ts";
import { makeWav } from "../audio/make-wav.ts";
import { allSoundfonts } from "../soundfonts.ts";
import { startEngine } from "../use-engine.ts";

const root = mkdtempSync(join(tmpdir(), "pal-ask-run-"));
after(() => rmSync(root, { recursive: true }));
const run = join(root, "run");
const soundfonts = allSoundfonts();
const plans = planClips("ask", soundfonts[0].name, { count: 3, seed: 4 });
const wav = (i: number) => join(root, `${i}.wav`);

describe("asking a trained run about a recording", () => {
  before(async () => {
    await startEngine();
    await train(attentionOnly, [1], {
      ...{ folder: run, scale: "smoke", seed: 1, soundfonts },
      report: () => {},
    });
    for (const [i, plan] of plans.entries()) {
      const { samples } = await renderClip(plan, soundfonts[0]);
      const bytes = makeWav(samples, { bits: 32, coding: 3 });
      writeFileSync(wav(i), bytes);
    }
  });

  it("gives the answers that its evaluation gives", async () => {
    const setting = comparisonSetting();
    const clips = await encodeClips(plans, {
      encoder: toyEncoder(),
      soundfonts,
    });
    const features = featuresOfClips(clips);
    const variant = atDepth(attentionOnly, setting.llama.nLayers);
    const config = toyConfig(variant, setting, features.encoders);
    const path = join(run, "weights.safetensors");
    const checkpoint = await openCheckpoint(path);
    const identity = identityIn(checkpoint) as Identity;
    await checkpoint.close();
    const like = {
      connector: initAudioConnector(config, random("like", 1)),
      llama: initLlama(config.llama, random("like", 1)),
    };
    const model = await readWeights(path, like, identity);
    const asked = plans.flatMap(({ name }, i) =>
      ["what do you hear ?", "is there a flute ?"].map((question) => ({
        ...{ id: `${i}`, audio: name, question, answer: "" },
        ...{ task: "ask", set: "ask", i },
      })),
    );
    const wanted = await askDesign(
      asked,
      { config, features, model, writer: toyWriter(setting) },
      { batchSize: 1, maxNew: setting.answerLength },
    );
    disposeTensors([like, model]);
    for (const [at, { i, question }] of asked.entries()) {
      const plain = question
        .replace(" ?", "?")
        .replace(/^./, (c) => c.toUpperCase());
      const given = await askRun(run, { audio: wav(i), question: plain });
      assert.equal(given.text, wanted[at], plain);
      assert.equal(
        given.run,
        "attention-only, smoke, seed 1, connector-pretraining",
      );
    }
  });

  it("frees all that it opens", async () => {
    const question = "What do you hear?";
    await askRun(run, { audio: wav(0), question });
    const { numTensors } = tf.memory();
    await askRun(run, { audio: wav(0), question });
    assert.equal(tf.memory().numTensors, numTensors);
  });

  it("hears a short recording, and refuses one of silence", async () => {
    const short = join(root, "short.wav");
    const tone = Float32Array.from(
      { length: 8000 },
      (_, i) => Math.sin(i / 8) / 2,
    );
    writeFileSync(short, makeWav(tone, { sampleRate: 44_100 }));
    const { text } = await askRun(run, {
      audio: short,
      question: "what do you hear ?",
    });
    assert.ok(text.length > 0);
    writeFileSync(short, makeWav(new Float32Array(8000)));
    await assert.rejects(
      askRun(run, { audio: short, question: "what do you hear ?" }),
      /expected a sound in the first 2 s, got silence \(short\.wav\)/,
    );
  });

  it("names what the small world has no word for", async () => {
    await assert.rejects(
      askRun(run, { audio: wav(0), question: "Is there a zither?" }),
      /^RangeError: askRun: expected a question in the toy world's words, got "zither"; "What do you hear\?"/,
    );
  });

  it("names what a folder lacks: a finished run, of the toy world, of these sizes", async () => {
    const ask = (folder: string) =>
      askRun(folder, { audio: wav(0), question: "What do you hear?" });
    await assert.rejects(
      ask(root),
      /expected weights\.safetensors of a finished run in .*, got 0\.wav, .*run, .*train DESIGN --out/,
    );
    const other = join(root, "other");
    mkdirSync(other);
    const path = join(other, "weights.safetensors");
    const write = (identity?: Partial<Identity>) =>
      writeSafetensors(
        path,
        { x: tf.zeros([1]) },
        identity ? { identity: JSON.stringify(identity) } : {},
      );
    write();
    await assert.rejects(
      ask(other),
      /got no run .*; other runs can not be asked/,
    );
    write({ design: "baseline", scale: "full" });
    await assert.rejects(
      ask(other),
      /expected a run at scale smoke or quick or lab, .* got full/,
    );
    write({ design: "attention-only", scale: "smoke", config: "old" });
    await assert.rejects(
      ask(other),
      /expected a run with settings whose hash is [0-9a-f]{64}, got old/,
    );
    copyFileSync(weightsIn(join(run, "start"))!.path, path);
    await assert.rejects(ask(other), /unknown design "none"/);
  });
});
