import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { resample } from "../../lib/audio/resample.ts";
import { distance, fixture, tone } from "./fixture.ts";

describe("resample", () => {
  for (const rates of [
    "16000-48000",
    "44100-16000",
    "44100-48000",
    "48000-16000",
  ]) {
    it(`equals torchaudio's from and to ${rates}`, async () => {
      const { config, values } = await fixture(`resample-${rates}`);
      const out = resample(values("x"), config.o, { to: config.n });
      assert.ok(distance(out, values("y")).largest < 5e-5);
    });
  }

  it("turns n samples into ceil(n * to / from)", () => {
    for (const [n, from, to] of [
      [1, 44_100, 16_000],
      [7, 16_000, 48_000],
      [441_001, 44_100, 16_000],
      [101, 11_025, 48_000],
    ]) {
      const out = resample(new Float32Array(n), from, { to });
      assert.equal(out.length, Math.ceil((n * to) / from));
    }
  });

  it("keeps a tone below the new Nyquist frequency, and its phase", () => {
    const out = resample(tone(1000, 38_400, 384_000), 384_000, { to: 16_000 });
    const inside = (x: Float32Array) => x.subarray(100, 1500);
    const apart = distance(inside(out), inside(tone(1000, 1600, 16_000)));
    assert.ok(apart.largest < 2e-3, `${apart.largest}`);
  });

  it("removes a tone above the new Nyquist frequency", () => {
    const out = resample(tone(12_000, 4800, 48_000), 48_000, { to: 16_000 });
    assert.ok(out.subarray(100, 1500).every((x) => Math.abs(x) < 2e-3));
  });

  it("is linear and returns a copy at the same rate", () => {
    const x = tone(300, 2205, 44_100);
    const twice = resample(
      x.map((v) => 2 * v),
      44_100,
      { to: 16_000 },
    );
    const once = resample(x, 44_100, { to: 16_000 });
    assert.ok(
      distance(
        twice,
        once.map((v) => 2 * v),
      ).largest < 1e-6,
    );
    const same = resample(x, 44_100, { to: 44_100 });
    assert.deepEqual(same, x);
    assert.notEqual(same.buffer, x.buffer);
  });

  it("takes rates without a common divisor in bounded memory", () => {
    const out = resample(tone(440, 44_101, 44_101), 44_101, { to: 16_000 });
    assert.equal(out.length, 16_000);
    const inside = (x: Float32Array) => x.subarray(100, 15_900);
    const apart = distance(inside(out), inside(tone(440, 16_000, 16_000)));
    assert.ok(apart.largest < 2e-3, `${apart.largest}`);
  });

  it("refuses rates that are not whole and above 0", () => {
    for (const rate of [0, -1, 16_000.5, Number.NaN]) {
      assert.throws(
        () => resample(new Float32Array(9), rate, { to: 16_000 }),
        /^RangeError: resample: expected whole rates above 0 Hz, got/,
      );
    }
  });
});
