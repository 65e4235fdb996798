import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { EncoderSizes } from "../../lib/encoder/encoder.ts";
import { featuresInMemory } from "../../lib/features/features.ts";

const sizes = (name: string, width: number): EncoderSizes => ({
  name,
  grid: { steps: 2, bands: 1 },
  width,
});

const heard = (width: number, audio = ["a", "b", "c"]) => ({
  encoder: sizes(`of ${width}`, width),
  audio,
  features: Float32Array.from(
    { length: audio.length * 2 * width },
    (_, i) => i,
  ),
});

describe("featuresInMemory", () => {
  it("gives the sounds that are asked for, encoder by encoder", async () => {
    const features = featuresInMemory([heard(1), heard(2)]);
    const [one, two] = await features.read(["c", "a", "c"]);
    assert.deepEqual([...one], [4, 5, 0, 1, 4, 5]);
    assert.deepEqual([...two], [8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11]);
    assert.deepEqual(
      features.encoders.map(({ width }) => width),
      [1, 2],
    );
  });

  it("refuses a sound that nobody has heard", async () => {
    await assert.rejects(featuresInMemory([heard(1)]).read(["a", "d"]), {
      name: "RangeError",
      message: 'read: unknown sound "d"; encoder of 1 has heard 3 others',
    });
  });

  it("refuses features that are not as many as the sounds need", () => {
    const short = { ...heard(2), features: new Float32Array(11) };
    assert.throws(() => featuresInMemory([short]), {
      name: "RangeError",
      message:
        "featuresInMemory: expected 12 numbers for 3 sounds, got 11 " +
        "(encoder of 2)",
    });
  });
});
