import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { clapMel, clapMelOptions, fill } from "../../lib/audio/clap-mel.ts";
import { crop } from "../../lib/audio/crop.ts";
import { fbank } from "../../lib/audio/fbank.ts";
import { powerSpectrum } from "../../lib/audio/fft.ts";
import {
  clapFrontEnd,
  hear,
  sslamFrames,
  sslamFrontEnd,
} from "../../lib/audio/front-end.ts";
import { distance, fixture, tone } from "./fixture.ts";

describe("powerSpectrum", () => {
  it("equals the sum that defines it", () => {
    const size = 64;
    const frame = Float64Array.from({ length: size }, (_, i) =>
      Math.sin(i * i),
    );
    const power = new Float64Array(size / 2 + 1);
    powerSpectrum(size)(frame, power);
    const expected = Array.from({ length: size / 2 + 1 }, (_, k) => {
      const turn = (i: number) => (2 * Math.PI * k * i) / size;
      const re = frame.reduce((sum, x, i) => sum + x * Math.cos(turn(i)), 0);
      const im = frame.reduce((sum, x, i) => sum - x * Math.sin(turn(i)), 0);
      return re * re + im * im;
    });
    assert.ok(distance(power, expected).largest < 1e-10);
  });
});

describe("fbank", () => {
  for (const seconds of ["0.5", "1.2"]) {
    it(`equals torchaudio's kaldi.fbank on ${seconds} s`, async () => {
      const { values } = await fixture(`fbank-${seconds}`);
      const wave = values("wave");
      const mean = wave.reduce((sum, x) => sum + x, 0) / wave.length;
      const mel = fbank(wave.map((x) => x - mean));
      const apart = distance(mel.values, values("fbank"));
      assert.ok(apart.largest < 2e-3 && apart.mean < 1e-4);
    });
  }

  it("has a frame for each whole window", () => {
    assert.equal(fbank(new Float32Array(160_000)).nFrames, 998);
    assert.equal(fbank(new Float32Array(400)).nFrames, 1);
    assert.throws(
      () => fbank(new Float32Array(399)),
      /^RangeError: fbank: expected at least one window of 400 samples, got 399/,
    );
  });

  it("gives a clip the same frames after another one", () => {
    const first = fbank(tone(440, 8000, 16_000));
    fbank(tone(3000, 9000, 16_000));
    assert.deepEqual(fbank(tone(440, 8000, 16_000)), first);
  });
});

describe("clapMel", () => {
  for (const seconds of ["0.3", "0.5", "1.0"]) {
    it(`equals transformers' ClapFeatureExtractor on ${seconds} s`, async () => {
      const { config, values } = await fixture(`clapmel-${seconds}`);
      const nSamples = config.sr * config.max_length_s;
      const mel = clapMel(values("wave"), { ...clapMelOptions, nSamples });
      assert.equal(mel.nFrames, 101);
      const apart = distance(mel.values, values("mel"));
      assert.ok(apart.largest < 5e-3 && apart.mean < 1e-4);
    });
  }

  it("repeats a short clip as often as it fits whole", () => {
    const filled = (length: number) => [
      ...fill(Float32Array.of(1, 2, 3).subarray(0, length), {
        nSamples: 8,
        padding: "repeatpad",
      }),
    ];
    assert.deepEqual(filled(3), [1, 2, 3, 1, 2, 3, 0, 0]);
    assert.deepEqual(filled(2), [1, 2, 1, 2, 1, 2, 1, 2]);
    assert.deepEqual(filled(1), [1, 1, 1, 1, 1, 1, 1, 1]);
  });

  it("pads with zeros when asked, and keeps the beginning of a long clip", () => {
    const clip = Float32Array.of(1, 2, 3);
    const padded = fill(clip, { nSamples: 5, padding: "pad" });
    assert.deepEqual([...padded], [1, 2, 3, 0, 0]);
    const cut = fill(clip, { nSamples: 2, padding: "repeatpad" });
    assert.deepEqual([...cut], [1, 2]);
  });

  it("gives -100 dB for silence", () => {
    const { values } = clapMel(new Float32Array(48_000));
    assert.ok(values.every((value) => Math.abs(value + 100) < 1e-4));
  });

  it("refuses no samples", () => {
    assert.throws(() => clapMel(new Float32Array(0)), /at least one sample/);
  });
});

describe("sslamFrames", () => {
  // Both from the reference implementation: 0 and ln(2^-23), normalized.
  const paddedRow = 0.4670606;
  const deadBand = -1.2775646;

  it("pads with zeros of the log-mel, not with silence", () => {
    const { nBands, values } = sslamFrames(tone(440, 160_000, 16_000));
    const row = (frame: number) =>
      values.subarray(frame * nBands, (frame + 1) * nBands);
    assert.ok(row(998).every((x) => Math.abs(x - paddedRow) < 1e-6));
    assert.ok(row(1023).every((x) => Math.abs(x - paddedRow) < 1e-6));
    assert.ok(row(997).some((x) => Math.abs(x - paddedRow) > 0.1));
  });

  it("leaves band 3 empty: it lies between two bins", () => {
    const { nBands, values } = sslamFrames(tone(440, 160_000, 16_000));
    for (const frame of [0, 500, 997]) {
      assert.ok(Math.abs(values[frame * nBands + 3] - deadBand) < 1e-6);
    }
  });

  it("fills one sample up to a window, and keeps 1,024 frames of a long clip", () => {
    assert.equal(sslamFrames(Float32Array.of(0.5)).values.length, 1024 * 128);
    const long = sslamFrames(tone(440, 200_000, 16_000));
    assert.equal(long.nFrames, 1024);
    assert.ok(long.values.subarray(-128).some((x) => x !== long.values[0]));
  });
});

describe("hear", () => {
  it("crops all front-ends to the same 10 seconds", () => {
    const samples = tone(440, 44_100 * 12, 44_100);
    const nudged = samples.slice();
    nudged.fill(0.9, 44_100 * 10);
    for (const frontEnd of [sslamFrontEnd, clapFrontEnd]) {
      const mel = hear({ samples, sampleRate: 44_100 }, frontEnd);
      assert.equal(mel.nFrames, frontEnd.nFrames);
      assert.equal(mel.nBands, frontEnd.nBands);
      assert.deepEqual(
        hear({ samples: nudged, sampleRate: 44_100 }, frontEnd),
        mel,
      );
    }
  });

  it("lets CLAP hear above 8 kHz: it never passes through 16 kHz", () => {
    const samples = tone(12_000, 48_000, 48_000);
    const { nBands, values } = hear(
      { samples, sampleRate: 48_000 },
      clapFrontEnd,
    );
    const frame = values.subarray(50 * nBands, 51 * nBands);
    assert.ok(frame.indexOf(Math.max(...frame)) > 55);
  });

  it("refuses a crop that begins after the end", () => {
    assert.throws(
      () => crop(new Float32Array(8), 8, { from: 2, seconds: 1 }),
      /^RangeError: crop: expected samples from 2 s on, got a recording of 1 s/,
    );
  });
});
