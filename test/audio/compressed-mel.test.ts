import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  aisfxLibrosaMel,
  aisfxMel,
  compressedMel,
  musicnnMel,
} from "../../lib/audio/compressed-mel.ts";
import {
  aisfxFrontEnd,
  hear,
  musicnnFrontEnd,
} from "../../lib/audio/front-end.ts";
import { hearFiles } from "../../lib/audio/pool/hear-files.ts";
import { fixtures, readTensors } from "../checkpoint/support.ts";
import { distance, tone } from "./fixture.ts";

/** Samples and expected frames of a fixture; 16-bit samples are whole. */
async function stored(name: string, frames: string) {
  const path = join(fixtures, "parity", name, "io.safetensors");
  const tensors = await readTensors(path);
  const { values } = tensors.get("samples")!;
  const whole = values instanceof Int32Array ? 2 ** 15 : 1;
  return {
    samples: Float32Array.from(values, (x) => x / whole),
    expected: tensors.get(frames)!.values,
  };
}

describe("compressedMel", () => {
  for (const [what, name, tensor, options] of [
    ["Essentia, divided", "aisfx-essentia", "normed", aisfxMel],
    [
      "librosa, levelled",
      "aisfx-tiny",
      "log_mel",
      { ...aisfxLibrosaMel, divisor: 1 },
    ],
    ["librosa at 16 kHz", "musicnn-tiny", "log_mel", musicnnMel],
  ] as const) {
    it(`equals the published front-end: ${what}`, async () => {
      const { expected, samples } = await stored(name, tensor);
      const { values } = compressedMel(samples, options);
      const apart = distance(values.subarray(0, expected.length), expected);
      assert.ok(apart.largest < 5e-6, `${apart.largest}`);
    });
  }

  for (const frontEnd of [aisfxFrontEnd, musicnnFrontEnd]) {
    const { nBands, sampleRate } = frontEnd;
    const row = (values: Float32Array, frame: number) =>
      values.subarray(frame * nBands, (frame + 1) * nBands);

    it(`shows ${frontEnd.name} silence as 0, behind a clip and in it`, () => {
      const silent = frontEnd.frames(new Float32Array(10 * sampleRate));
      assert.equal(silent.nFrames, frontEnd.nFrames);
      assert.ok(silent.values.every((x) => x === 0));
      const short = tone(440, sampleRate, sampleRate);
      const filled = new Float32Array(10 * sampleRate);
      filled.set(short);
      assert.deepEqual(frontEnd.frames(short), frontEnd.frames(filled));
    });

    it(`puts a tone into ${frontEnd.name}'s band, at its time`, () => {
      const samples = new Float32Array(10 * sampleRate);
      samples.set(tone(1000, sampleRate, sampleRate), 4 * sampleRate);
      const { values } = frontEnd.frames(samples);
      const frame = Math.round(4.5 / frontEnd.hop);
      const heard = row(values, frame);
      const [from, to] = frontEnd.hertz[heard.indexOf(Math.max(...heard))];
      assert.ok(from < 1010 && to > 990, `${from} to ${to} Hz`);
      assert.ok(Math.max(...row(values, Math.round(3.9 / frontEnd.hop))) === 0);
    });

    it(`names the unit of ${frontEnd.name}'s values: ten times the power is 10 dB`, () => {
      const loud = tone(1000, sampleRate, sampleRate);
      const louder = loud.map((x) => x * Math.sqrt(10));
      const middle = Math.round(0.5 / frontEnd.hop);
      const most = (samples: Float32Array) =>
        Math.max(...row(frontEnd.frames(samples).values, middle));
      const { scale, shift } = frontEnd.unit;
      const decibels = scale * (most(louder) - most(loud));
      assert.ok(Math.abs(decibels - 10) < 0.01, `${decibels} dB`);
      assert.equal(shift, -40);
    });

    it(`takes one sample for ${frontEnd.name}, cuts a long clip, refuses none`, () => {
      const one = frontEnd.frames(Float32Array.of(0.5));
      assert.ok(one.values.every(Number.isFinite));
      const long = tone(440, 12 * sampleRate, sampleRate);
      const kept = frontEnd.nFrames * Math.round(frontEnd.hop * sampleRate);
      const nudged = long.slice();
      nudged.fill(0.9, kept + 2048);
      assert.deepEqual(frontEnd.frames(long), frontEnd.frames(nudged));
      assert.throws(
        () => frontEnd.frames(new Float32Array(0)),
        /^RangeError: compressedMel: expected at least one sample, each a number, got none/,
      );
      for (const odd of [Number.NaN, Infinity]) {
        const samples = tone(440, sampleRate, sampleRate);
        samples[77] = odd;
        assert.throws(
          () => frontEnd.frames(samples),
          /^RangeError: compressedMel: .* each a number, got (NaN|Infinity)/,
        );
      }
    });

    it(`hears a clip of another rate at ${frontEnd.name}'s, and no odd one`, () => {
      const at = (rate: number) => {
        const clip = { samples: tone(1000, 2 * rate, rate), sampleRate: rate };
        const { values } = hear(clip, frontEnd);
        const middle = [...row(values, Math.round(1 / frontEnd.hop))];
        return middle.indexOf(Math.max(...middle));
      };
      assert.equal(at(48_000), at(sampleRate));
      assert.throws(() => at(22_050.5), /resample: expected whole rates/);
    });
  }

  it("is louder for a louder clip, but not where clips are levelled", () => {
    const quiet = tone(440, 44_100, 44_100).map((x) => x / 8);
    const loud = quiet.map((x) => 4 * x);
    const sum = (samples: Float32Array, options = aisfxMel) =>
      compressedMel(samples, options).values.reduce((a, b) => a + b, 0);
    assert.ok(sum(loud) > sum(quiet) + 10);
    assert.equal(sum(loud, aisfxLibrosaMel), sum(quiet, aisfxLibrosaMel));
    const silent = compressedMel(new Float32Array(100), aisfxLibrosaMel);
    assert.ok(silent.values.every((x) => x === 0));
  });

  it("reaches 1 where a clip is as loud as any that aiSFX was trained on", () => {
    const { values } = compressedMel(
      tone(150, 44_100, 44_100).map((x) => 2 * x),
      aisfxMel,
    );
    const most = values.reduce((a, b) => Math.max(a, b), 0);
    assert.ok(most > 0.9 && most < 1, `${most}`);
  });

  it("is heard in worker threads", async () => {
    const wav = join(fixtures, "audio", "tone.mp3");
    const frontEnds = [aisfxFrontEnd, musicnnFrontEnd];
    for await (const { error, hearing } of hearFiles([wav], { frontEnds })) {
      if (error) throw error;
      assert.deepEqual(Object.keys(hearing.mels), ["aisfx", "musicnn"]);
      assert.ok(hearing.mels.aisfx.values.some((x) => x > 0));
    }
  });
});
