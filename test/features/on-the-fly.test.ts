import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { clapFrontEnd, sslamFrontEnd } from "../../lib/audio/front-end.ts";
import type { PretrainedEncoder } from "../../lib/encoder/pretrained.ts";
import { randomEncoder } from "../../lib/encoder/random-encoder.ts";
import { openFeatureCache } from "../../lib/features/cache.ts";
import { readClip, samplesOf } from "../../lib/features/clip-file.ts";
import { featuresOfFiles } from "../../lib/features/features.ts";
import type { Precision } from "../../lib/features/half.ts";
import { identify } from "../../lib/features/identity.ts";
import { featuresOnTheFly } from "../../lib/features/on-the-fly.ts";
import { picturesOfFiles } from "../../lib/features/pictures.ts";
import { tone } from "../audio/fixture.ts";
import { makeWav } from "../audio/make-wav.ts";
import { assertClose, distance } from "../close.ts";
import { startEngine } from "../encoder/support.ts";
import { temporaryFolder } from "../temporary.ts";

const folder = temporaryFolder();

/** Sounds of three lengths, one longer than the crop, at three rates. */
const paths = [
  [220, 1, 16_000],
  [330, 11, 22_050],
  [440, 4, 48_000],
].map(([hz, seconds, sampleRate]) => {
  const path = join(folder, `${hz}.wav`);
  const samples = tone(hz, seconds * sampleRate, sampleRate);
  writeFileSync(path, makeWav(samples, { sampleRate }));
  return path;
});

describe("picturesOfFiles", () => {
  it("gives the frames that the cached road's encoders are given", async () => {
    const frontEnds = [sslamFrontEnd, clapFrontEnd];
    const asked = [paths[1], paths[0], paths[1]];
    const read = await picturesOfFiles(frontEnds).read(asked);
    for (const [e, frontEnd] of frontEnds.entries()) {
      const size = frontEnd.nFrames * frontEnd.nBands;
      assert.equal(read[e].length, 3 * size);
      for (const [i, path] of asked.entries()) {
        const clip = await readClip(path);
        const samples = await samplesOf(clip, frontEnd.sampleRate, {});
        const { values } = frontEnd.frames(samples);
        assert.deepEqual(read[e].subarray(i * size, (i + 1) * size), values);
      }
    }
  });

  it("frames once for front-ends that are the same", async () => {
    let framed = 0;
    const frames: typeof clapFrontEnd.frames = (samples) => {
      framed++;
      return clapFrontEnd.frames(samples);
    };
    const counting = { ...clapFrontEnd, frames };
    const { read } = picturesOfFiles([counting, counting]);
    const [one, two] = await read([paths[0], paths[0]]);
    assert.equal(framed, 1);
    assert.equal(one, two);
  });

  it("refuses a file without sound, and names it", async () => {
    const path = join(folder, "text.wav");
    writeFileSync(path, "no sound");
    const { read } = picturesOfFiles([sslamFrontEnd]);
    await assert.rejects(read([paths[0], path]), {
      message: /^read: expected a picture of .*text\.wav, got: decodeAudio: /,
    });
    const wrong = { ...sslamFrontEnd, nFrames: 1000 };
    await assert.rejects(picturesOfFiles([wrong]).read(paths), {
      message: /got: expected 128000 numbers of front-end sslam, got 131072$/,
    });
  });
});

const largest = (values: Float32Array) =>
  distance(values, new Float32Array(values.length));

describe("featuresOnTheFly", () => {
  let encoders: { encoder: PretrainedEncoder; name?: string }[] = [];
  before(async () => {
    await startEngine();
    encoders = [
      { encoder: await randomEncoder("sslam", 1) },
      { encoder: await randomEncoder("clap", 2), name: "clap-general" },
    ];
  });

  async function cached(
    precision: Precision,
  ): Promise<readonly Float32Array[]> {
    const cache = await openFeatureCache(join(folder, precision), {
      precision,
      engine: "test",
      report: (line) => assert.fail(line),
    });
    const features = featuresOfFiles(
      encoders.map((one) => {
        const store = { cache, identity: identify(one.encoder) };
        return { ...one, options: { store } };
      }),
    );
    try {
      return await features.read(paths);
    } finally {
      await cache.close();
    }
  }

  it("are a cache's in float32 but for last bits, in float16 but for half a step", async () => {
    const features = featuresOnTheFly(encoders);
    const flown = await features.read(paths);
    const kept = await cached("float32");
    const halves = await cached("float16");
    for (const [e, values] of flown.entries()) {
      const lastBits = 1e-5 * largest(kept[e]);
      assertClose(values, kept[e], { atol: lastBits });
      // Half of float16's 11 bits, and of its steps below 2^-14.
      const atol = lastBits + 2 ** -25;
      assertClose(halves[e], values, { rtol: 2 ** -11, atol });
    }
    features.dispose();
  });

  it("are the same bits for the same sounds together, and leave nothing", async () => {
    const held = tf.memory().numTensors;
    const features = featuresOnTheFly(encoders);
    assert.deepEqual(
      features.encoders.map(({ name }) => name),
      ["sslam", "clap-general"],
    );
    const [one, two] = [await features.read(paths), await features.read(paths)];
    assert.deepEqual(one, two);
    const alone = await features.read([paths[2]]);
    const size = alone[0].length;
    const among = one[0].subarray(2 * size);
    assertClose(alone[0], among, { atol: 1e-5 * largest(among) });
    features.dispose();
    assert.equal(tf.memory().numTensors, held);
    // The encoders stay the caller's.
    assert.equal(
      encoders[0].encoder.encode(tone(9, 16_000, 16_000)).length,
      size,
    );
  });
});
