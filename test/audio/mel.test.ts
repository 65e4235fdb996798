import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  bandCenters,
  frameCount,
  logMel,
  toyMel,
} from "../../lib/audio/mel.ts";

const tone = (hz: number, amplitude = 0.5) =>
  Float32Array.from(
    { length: 8000 },
    (_, i) => amplitude * Math.sin((2 * Math.PI * hz * i) / 16_000),
  );

const loudest = (values: Float32Array) => values.indexOf(Math.max(...values));

describe("logMel", () => {
  it("lights the band around a pure tone", () => {
    const centers = bandCenters(toyMel);
    for (const band of [10, 30, 55]) {
      const { nBands, values } = logMel(tone(centers[band]), toyMel);
      assert.equal(loudest(values.slice(0, nBands)), band);
    }
  });

  it("rises by ln 100 where the amplitude is ten times as large", () => {
    const soft = logMel(tone(1000, 0.05), toyMel).values;
    const loud = logMel(tone(1000, 0.5), toyMel).values;
    const at = loudest(loud);
    assert.ok(Math.abs(loud[at] - soft[at] - Math.log(100)) < 1e-4);
  });

  it("stops falling at the floor", () => {
    const { values } = logMel(new Float32Array(8000), toyMel);
    assert.ok(values.every((x) => Math.abs(x - Math.log(1e-6)) < 1e-5));
  });

  it("counts whole windows only", () => {
    assert.equal(frameCount(512, toyMel), 1);
    assert.equal(frameCount(512 + 159, toyMel), 1);
    assert.equal(frameCount(32_000, toyMel), 197);
  });

  it("refuses less than one window", () => {
    assert.throws(() => frameCount(10, toyMel), {
      name: "RangeError",
      message:
        "frameCount: expected at least one window of 512 samples, " +
        "got 10; pad the clip first",
    });
  });

  it("refuses bands that hold no bin of the spectrum", () => {
    assert.throws(
      () => logMel(tone(440), { ...toyMel, nBands: 400 }),
      /^RangeError: melBands: expected a bin of the spectrum in every band/,
    );
  });
});
