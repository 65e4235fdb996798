import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeAudio } from "../../lib/audio/decode/decode.ts";
import { encodeMp3 } from "../../lib/audio/mp3.ts";
import { resample } from "../../lib/audio/resample.ts";

/** Samples by which LAME and its decoder are late: 576 and 529. */
const delay = 1105;

/** A sweep from 200 Hz to 3 kHz: no two moments of it are alike. */
function sweep(sampleRate: number, seconds = 3): Float32Array {
  return Float32Array.from({ length: sampleRate * seconds }, (_, i) => {
    const t = i / sampleRate;
    const turns = 200 * t + (2800 * t * t) / (2 * seconds);
    return 0.5 * Math.sin(2 * Math.PI * turns);
  });
}

function correlation(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array) =>
    x.reduce((sum, value, i) => sum + value * y[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

describe("encodeMp3", () => {
  for (const [rate, played] of [
    [8_000, 8_000],
    [22_050, 22_050],
    [32_000, 32_000],
    [48_000, 32_000],
    [3_001, 8_000],
  ]) {
    it(`decodes again to what it was, from ${rate} Hz`, async () => {
      const samples = sweep(rate, rate < 8_000 ? 1 : 3);
      const { bytes, sampleRate } = await encodeMp3(samples, rate);
      const decoded = await decodeAudio(bytes);
      assert.deepEqual([decoded.sampleRate, sampleRate], [played, played]);
      const expected = resample(samples, rate, { to: played });
      const later = decoded.samples.length - expected.length;
      assert.ok(later >= delay && later < delay + 1152, `${later} later`);
      const aligned = decoded.samples.subarray(delay, delay + expected.length);
      const alike = correlation(expected, aligned);
      assert.ok(alike > 0.99, `correlation ${alike}`);
    });
  }

  it("holds as many bytes as its bit rate says", async () => {
    const { bitRate, bytes } = await encodeMp3(sweep(16_000, 10), 16_000);
    const seconds = (8 * bytes.length) / (1000 * bitRate);
    assert.ok(Math.abs(seconds - 10) < 0.1, `${seconds} s`);
  });

  it("gives the same bytes twice", async () => {
    const [first, second] = await Promise.all(
      [1, 2].map(() => encodeMp3(sweep(16_000), 16_000)),
    );
    assert.deepEqual(first, second);
  });

  it("refuses no sound, and what is no number", async () => {
    await assert.rejects(encodeMp3(new Float32Array(), 16_000), {
      name: "RangeError",
      message: "encodeMp3: expected sound, got no samples",
    });
    const broken = Float32Array.of(0, Number.NaN);
    await assert.rejects(encodeMp3(broken, 16_000), /got NaN \(sample 1\)/);
    await assert.rejects(encodeMp3(Float32Array.of(0), 0.5), /whole rates/);
  });
});
