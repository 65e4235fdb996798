import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { before, describe, it } from "node:test";
import { openEncoder } from "../../../lib/encoder/pretrained.ts";
import { openTokenizer } from "../../../lib/llm/hf-tokenizer.ts";
import { initLlama } from "../../../lib/llm/llama.ts";
import { disposeTensors } from "../../../lib/tensor/params.ts";
import { random } from "../../../lib/tensor/random.ts";
import { labNetworks } from "../../../lib/world/lab/encoders/declared.ts";
import { probeReport } from "../../../lib/world/lab/encoders/probe-report.ts";
import { answersRight } from "../../../lib/world/lab/llm/answers.ts";
import { labLlama } from "../../../lib/world/lab/llm/config.ts";
import { pretrain } from "../../../lib/world/lab/pretrain.ts";
import { openClips } from "../../../lib/world/lab/sound/open-clips.ts";
import { renderSet } from "../../../lib/world/lab/sound/render-set.ts";
import { textualQuestion } from "../../../lib/world/lab/words/corpus.ts";
import { temporaryFolder } from "../../temporary.ts";
import { startEngine } from "../../use-engine.ts";

const soundfonts = resolve(
  import.meta.dirname,
  "../../../data-manifests/soundfonts.json",
);

describe("the lab's models", () => {
  const folder = temporaryFolder();
  let clips: string;
  before(async () => {
    await startEngine();
    const options = { folder, soundfonts, seed: 1, sampleRate: 16_000 };
    clips = await renderSet("train", { ...options, count: 60 });
  });
  const options = {
    ...{ seed: 1, scale: "smoke" as const },
    report: () => {},
  };

  it("hear after pretraining, by the official code, and are probed", async () => {
    const out = join(folder, "sslam");
    const path = await pretrain("sslam", { ...options, clips, folder: out });
    const encoder = await openEncoder(path, { encoders: labNetworks });
    assert.deepEqual(
      [encoder.name, encoder.grid.steps, encoder.grid.bands, encoder.width],
      ["lab-sslam", 16, 4, 96],
    );
    const { samples, truths } = openClips(clips);
    const size = 16 * 4 * 96;
    const heard = encoder.encodeAll(truths.map((_, i) => samples(i)));
    const features = new Float32Array(truths.length * size);
    for (const [i, one] of heard.entries()) features.set(one, i * size);
    const all = { truths, features, steps: 16, bands: 4, width: 96 };
    const rows = probeReport(all, all);
    assert.deepEqual(
      rows.map(({ attribute }) => attribute),
      [
        ...["class", "first", "count", "pitch", "loudness", "onset"],
        "background",
      ],
    );
    // What it was fitted on, more numbers than rows: learned by heart.
    for (const { accuracy, control } of rows) {
      assert.ok(accuracy > 0.8 && control <= 1);
    }
    encoder.dispose();
  });

  it("go on with what is there, and the end is the same file", async () => {
    const out = join(folder, "clap");
    const asked = { ...options, clips, folder: out };
    const path = await pretrain("clap-general", asked);
    const said: string[] = [];
    const report = (line: string) => said.push(line);
    assert.equal(await pretrain("clap-general", { ...asked, report }), path);
    assert.match(said[0], /is trained/);
    await assert.rejects(
      pretrain("clap-general", { ...asked, seed: 2 }),
      /expected a run with seed 2, got 1/,
    );
    await assert.rejects(
      pretrain("sslam", { ...options, folder: join(folder, "none") }),
      /expected the folder of training clips for sslam, got none/,
    );
  });

  it("answer by chance before they have learned", async () => {
    const out = join(folder, "lm");
    await pretrain("lm", { ...options, folder: out });
    const tokenizer = await openTokenizer(join(out, "tokenizer"));
    const llama = initLlama(labLlama, random("lm"));
    const questions = Array.from({ length: 20 }, (_, i) =>
      textualQuestion(`${i}`, ["name"], { seed: 1 }),
    );
    const reader = { llama, config: labLlama, tokenizer };
    const right = answersRight(reader, questions);
    assert.equal(right.length, 20);
    assert.ok(right.filter(Boolean).length < 5);
    disposeTensors(llama);
  });
});
