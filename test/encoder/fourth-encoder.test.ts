import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { sslamFrontEnd } from "../../lib/audio/front-end.ts";
import { hearFiles } from "../../lib/audio/pool/hear-files.ts";
import type { StoredTensor } from "../../lib/checkpoint/checkpoint.ts";
import { features } from "../../lib/cli/features.ts";
import { fetchWeights } from "../../lib/cli/fetch.ts";
import { cellAt, regionCover } from "../../lib/encoder/cover.ts";
import {
  declaredEncoders,
  encoderNamed,
  publishedEncoders,
} from "../../lib/encoder/list.ts";
import { pictureOf } from "../../lib/encoder/picture.ts";
import {
  openEncoder,
  type PretrainedEncoder,
} from "../../lib/encoder/pretrained.ts";
import { randomEncoder } from "../../lib/encoder/random-encoder.ts";
import { regionCells } from "../../lib/encoder/regions.ts";
import { timeGrid } from "../../lib/encoder/sound-grid.ts";
import { openFeatureCache } from "../../lib/features/cache.ts";
import { featuresOf } from "../../lib/features/features-of.ts";
import { identify } from "../../lib/features/identity.ts";
import { tokenGrid } from "../../lib/figure/sound/token-grid.ts";
import { plainConnector } from "../../lib/pal/connector/config.ts";
import { connect } from "../../lib/pal/connector/connector.ts";
import { countConnector } from "../../lib/pal/connector/size.ts";
import { costOf } from "../../lib/pal/cost/cost.ts";
import { designOf } from "../../lib/pal/design/design.ts";
import { attentionOnly, type Variant } from "../../lib/pal/design/variant.ts";
import {
  type AudioLlmConfig,
  initAudioConnector,
} from "../../lib/pal/run/audio-llm.ts";
import { countParameters } from "../../lib/tensor/params.ts";
import { random } from "../../lib/tensor/random.ts";
import { tone } from "../audio/fixture.ts";
import { makeWav } from "../audio/make-wav.ts";
import { safetensorsOf } from "../checkpoint/support.ts";
import { llamaConfig } from "../pal/support.ts";
import { startEngine } from "../use-engine.ts";
import { randomCheckpoint } from "./support.ts";
import { whisper, whisperFrontEnd } from "./whisper.ts";

/** The one line. */
const encoders = [...declaredEncoders, whisper];

const folder = mkdtempSync(join(tmpdir(), "pal-lab-fourth-"));
after(() => rmSync(folder, { recursive: true }));

/** Files as a hub's repository has them, decoder included. */
async function makeWeights(): Promise<string> {
  const path = join(folder, "whisper");
  mkdirSync(path);
  const shapes = whisper.shapesOf(whisper.configOf(whisper.small));
  const decoder = [["model.decoder.layer_norm.weight", [32]]] as const;
  const checkpoint = randomCheckpoint(new Map([...shapes, ...decoder]));
  const tensors = new Map<string, StoredTensor>();
  for (const name of checkpoint.tensors.keys()) {
    tensors.set(name, await checkpoint.read(name));
  }
  writeFileSync(join(path, "model.safetensors"), safetensorsOf(tensors));
  writeFileSync(join(path, "config.json"), JSON.stringify(whisper.small));
  return path;
}

const withWhisper: Variant = {
  ...attentionOnly,
  name: "with-whisper",
  fusionLayer: 1,
  encoders: ["sslam", "whisper-base"],
};
const query = { steps: 32, bands: 2 };

/** The design over two encoders, of any size. */
const configOf = (sizes: AudioLlmConfig["encoders"]): AudioLlmConfig => ({
  variant: withWhisper,
  llama: llamaConfig,
  connector: plainConnector({ query, width: 8, nHeads: 2 }),
  encoders: sizes,
  audioAt: 2,
});

describe("a fourth encoder, without frequency, declared outside", () => {
  let path = "";
  let encoder: PretrainedEncoder;
  let sslam: PretrainedEncoder;
  before(async () => {
    await startEngine();
    path = await makeWeights();
    encoder = await openEncoder(path, { encoders });
    sslam = await randomEncoder("sslam", 1, encoders);
  });
  after(() => {
    encoder.dispose();
    sslam.dispose();
  });

  it("is opened from its files where it is on the list, and nowhere else", async () => {
    const { grid, name, sampleRate, width } = encoder;
    assert.deepEqual([name, width, sampleRate], ["whisper", 32, 16_000]);
    assert.deepEqual([grid.axes, grid.steps, grid.bands], [["time"], 512, 1]);
    await assert.rejects(openEncoder(path), {
      name: "RangeError",
      message:
        /expected the tensors of SSLAM or CLAP or aiSFX or musicnn, got others/,
    });
    const twins = { encoders: [whisper, { ...whisper, title: "Twin" }] };
    await assert.rejects(
      openEncoder(path, twins),
      /expected the tensors of one encoder, got those of Whisper and Twin/,
    );
  });

  it("shows a tone in its band and at its time, and features of it", () => {
    const samples = new Float32Array(160_000);
    samples.set(tone(440, 16_000, 16_000), 5 * 16_000);
    const { hertz, hop, nBands, values } = pictureOf(
      { samples, sampleRate: 16_000 },
      whisperFrontEnd,
    );
    const at = (seconds: number) =>
      values.subarray((seconds / hop) * nBands, (seconds / hop + 1) * nBands);
    const loudest = Math.max(...at(5.5));
    const [from, to] = hertz[at(5.5).indexOf(loudest)];
    assert.ok(from < 450 && to > 430, `${from} to ${to} Hz`);
    // Whisper's picture has no more than 80 dB.
    assert.ok(Math.abs(loudest - Math.max(...at(4)) - 80) < 1e-3);
    const [loud, silent] = encoder.encodeAll([
      tone(440, 160_000, 16_000),
      new Float32Array(160_000),
    ]);
    assert.equal(loud.length, 512 * 32);
    assert.ok(loud.every(Number.isFinite));
    assert.ok(loud.some((x, i) => Math.abs(x - silent[i]) > 0.1));
  });

  it("is refused where its grid is not that of its features", async () => {
    const gridOf: typeof whisper.gridOf = (config) => {
      const { hertz, seconds } = whisper.gridOf(config);
      return timeGrid(seconds.slice(12), { hertz });
    };
    const wrong = { ...whisper, gridOf };
    const opened = await openEncoder(path, { encoders: [wrong] });
    assert.throws(
      () => opened.encode(tone(440, 16_000, 16_000)),
      /^RangeError: encodeAll: expected P=500 in axes BPE, got .*1,512,32/,
    );
    opened.dispose();
  });

  it("is drawn from a seed, as the others are", async () => {
    const before = tf.memory().numTensors;
    const small = await randomEncoder("whisper", 1, encoders);
    assert.deepEqual([small.grid, small.width], [encoder.grid, 32]);
    small.dispose();
    assert.equal(tf.memory().numTensors, before);
  });

  it("has its features kept under its own name", async () => {
    const paths = [200, 300].map((hz) => join(folder, `${hz}.wav`));
    writeFileSync(paths[0], makeWav(tone(200, 8000, 16_000)));
    writeFileSync(paths[1], makeWav(tone(300, 8000, 16_000)));
    const cache = await openFeatureCache(join(folder, "cache"), {
      precision: "float32",
      engine: "test",
      report: (line) => assert.fail(line),
    });
    const read = async (each: PretrainedEncoder) => {
      const store = { cache, identity: identify(each) };
      const found: (Float32Array | undefined)[] = [];
      const from: string[] = [];
      for await (const one of featuresOf(paths, each, { store })) {
        if (one.error) throw one.error;
        found.push(one.features);
        from.push(one.from);
      }
      return { found, from };
    };
    const first = await read(encoder);
    const second = await read(encoder);
    assert.deepEqual(first.from, ["encoder", "encoder"]);
    assert.deepEqual(second.from, ["store", "store"]);
    assert.deepEqual(second.found, first.found);
    assert.notDeepEqual(first.found[0], first.found[1]);
    assert.deepEqual((await read(sslam)).from, ["encoder", "encoder"]);
    const { options } = whisperFrontEnd;
    assert.deepEqual(identify(encoder).settings.frontEnd, {
      name: "whisper",
      options,
    });
    await cache.close();
  });

  it("is heard in worker threads, beside another front-end", async () => {
    const wav = join(folder, "tone.wav");
    const samples = tone(440, 16_000, 16_000);
    writeFileSync(wav, makeWav(samples));
    const frontEnds = [whisperFrontEnd, sslamFrontEnd];
    for await (const { error, hearing } of hearFiles([wav], { frontEnds })) {
      if (error) throw error;
      assert.deepEqual(Object.keys(hearing.mels), ["whisper", "sslam"]);
      assert.equal(hearing.mels.whisper.nFrames, 3000);
    }
  });

  it("gives each latent token the cells of its time, in both bands", () => {
    const regions = regionCells(encoder.grid, query);
    assert.deepEqual(regions[2 * 7], regions[2 * 7 + 1]);
    assert.deepEqual(
      regions[2 * 7],
      Array.from({ length: 16 }, (_, i) => 16 * 7 + i),
    );
    const { hertz, seconds } = regionCover(encoder.grid, regions[14]);
    assert.deepEqual(hertz, encoder.grid.hertz[0]);
    assert.deepEqual(
      seconds.map((second) => second.toFixed(2)),
      ["2.23", "2.55"],
    );
    const [low, high] = [100, 7000].map((hertz) =>
      cellAt(encoder.grid, { seconds: 2.3, hertz }),
    );
    assert.deepEqual([low, high], [115, 115]);
  });

  it("joins SSLAM in a connector, which reads each in its own region", () => {
    const sizes = [sslam, encoder].map(({ grid, width }, i) => {
      return { name: withWhisper.encoders[i], grid, width };
    });
    const config = configOf(sizes);
    const connector = initAudioConnector(config, random("connector"));
    const { total } = countConnector(designOf(config).connector);
    assert.equal(countParameters(connector), total);
    const clip = tone(440, 160_000, 16_000);
    const tensors = [sslam, encoder].map((each) => {
      const { bands, steps } = each.grid;
      return tf.tensor3d(each.encode(clip), [1, steps * bands, each.width]);
    });
    const heard = (features: readonly tf.Tensor3D[]) => {
      const [first_BAD] = connect(connector, features, {
        config: config.connector,
        encoders: sizes,
      });
      return first_BAD.arraySync()[0];
    };
    const plain = heard(tensors);
    assert.equal(plain.length, 64);
    // Other features of Whisper's cells 112 to 127, the seventh step's.
    const nudge = tf.tensor2d([...Array(512).keys()].map((cell) => [cell]));
    const isSeventh = nudge.greaterEqual(112).logicalAnd(nudge.less(128));
    const changed = heard([
      tensors[0],
      tf.where(isSeventh.expandDims(0), tensors[1].mul(-1), tensors[1]),
    ]);
    const moved = plain.flatMap((row, latent) =>
      row.some((x, d) => x !== changed[latent][d]) ? [latent] : [],
    );
    assert.deepEqual(moved, [14, 15]);
    tf.dispose([tensors, nudge, isSeventh]);
  });

  it("has its place in a figure of tokens: a row along time", () => {
    const marked = regionCells(encoder.grid, query)[14];
    const panels = [
      { name: "SSLAM", ...sslam.grid },
      { name: "Whisper", ...encoder.grid, marked },
    ];
    const { alt, data } = tokenGrid(panels, { name: "tokens", title: "Two" });
    assert.equal(
      alt,
      "SSLAM: 64 x 8 tokens. Whisper: 512 tokens along time, " +
        "16 of them in a frame (2.23\u20132.55 s).",
    );
    const [, row] = data as { hovertemplate: string; z: { shape: string } }[];
    assert.equal(row.z.shape, "1, 512");
    assert.equal(row.hovertemplate, "%{x:.2f} s \u00b1 0.01 s<extra></extra>");
  });

  it("has published sizes, from which costs and disk are told", async (t) => {
    const published = withWhisper.encoders.map((name) =>
      encoderNamed(name, encoders),
    );
    const base = encoderNamed("openai/whisper-base", encoders);
    assert.deepEqual([base.grid.steps, base.width], [512, 512]);
    const alone = { ...withWhisper, encoders: ["sslam"] };
    const [both, one] = [
      configOf(published),
      { ...configOf(published.slice(0, 1)), variant: alone },
    ].map((config) => costOf(config, { T: 8, answer: 2 }).forward.total);
    assert.ok(both > one);
    assert.equal(publishedEncoders(encoders).at(-1)?.name, "whisper-base");

    const lines: string[] = [];
    t.mock.method(console, "log", (line: string) => lines.push(line));
    assert.equal(await fetchWeights(["--help"], encoders), 0);
    assert.match(
      lines.join("\n"),
      /\n {2}whisper-base +Whisper, openai\/whisper-base, about 290 MB/,
    );
    lines.length = 0;
    const asked = [folder, "--encoder", "whisper-base", "--estimate"];
    const cache = ["--cache", join(folder, "estimate"), "--dtype", "float32"];
    assert.equal(await features([...asked, ...cache], encoders), 0);
    // 512 cells of 512 numbers of four bytes, and a row of 44, for each file.
    assert.match(
      lines.join("\n"),
      /clips in float32 take .* \(1\.05 MB a clip/,
    );
    lines.length = 0;
    assert.equal(await features(["--help"], encoders), 0);
    assert.match(lines.join("\n"), /musicnn-msd, whisper-base;\n/);
  });
});
