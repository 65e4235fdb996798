import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toyEncoder } from "../../lib/encoder/toy.ts";
import { assertClose } from "../close.ts";

const encoder = toyEncoder();
const { bands, steps } = encoder.grid;

/** A tone in the second half of the clip. */
const late = (amplitude = 0.5) =>
  Float32Array.from({ length: 32_000 }, (_, i) =>
    i < 16_000 ? 0 : amplitude * Math.sin((2 * Math.PI * 700 * i) / 16_000),
  );

/** Sum of each cell's features. */
function cells(samples: Float32Array): number[] {
  const features = encoder.encode(samples);
  return Array.from({ length: steps * bands }, (_, cell) =>
    features
      .subarray(cell * encoder.width, (cell + 1) * encoder.width)
      .reduce((sum, x) => sum + x, 0),
  );
}

describe("toyEncoder", () => {
  it("cuts two seconds into 12 x 4 patches of 16 frames and 16 bands", () => {
    assert.deepEqual(encoder.grid, { steps: 12, bands: 4 });
    assert.equal(encoder.width, 4 * 16 * 4);
    assert.equal(encoder.encode(late()).length, 12 * 4 * encoder.width);
  });

  it("keeps time where it was", () => {
    const loud = cells(late()).map((sum) => sum > 0);
    const byStep = Array.from({ length: steps }, (_, t) =>
      loud.slice(t * bands, (t + 1) * bands).includes(true),
    );
    assert.deepEqual(byStep.slice(0, 5), Array(5).fill(false));
    assert.deepEqual(byStep.slice(7), Array(5).fill(true));
  });

  it("writes each frequency row to its own part of the vector", () => {
    const features = encoder.encode(late());
    const slot = encoder.width / bands;
    for (let cell = 0; cell < steps * bands; cell++) {
      const own = cell % bands;
      for (let i = 0; i < encoder.width; i++) {
        if (Math.floor(i / slot) === own) continue;
        assert.equal(features[cell * encoder.width + i], 0);
      }
    }
  });

  it("does not hear how loud a clip is recorded", () => {
    assertClose(encoder.encode(late(0.5)), encoder.encode(late(0.25)), {
      atol: 1e-3,
    });
  });

  it("refuses a clip of another length", () => {
    assert.throws(() => encoder.encode(new Float32Array(16_000)), {
      name: "RangeError",
      message: "encode: expected 32000 samples (2 s), got 16000",
    });
  });
});
