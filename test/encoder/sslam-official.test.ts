import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { crop } from "../../lib/audio/crop.ts";
import { readAudio } from "../../lib/audio/decode/read.ts";
import { resample } from "../../lib/audio/resample.ts";
import { openEncoder } from "../../lib/encoder/pretrained.ts";
import { distance } from "../audio/fixture.ts";
import { startEngine } from "../use-engine.ts";

/**
 * Holds what `npm run pal -- fetch sslam` brings, and, from the feature
 * extraction of the authors' code (ta012/SSLAM), test.wav and test.npy.
 */
const folder = process.env.PAL_SSLAM;
const skip = folder
  ? false
  : "set PAL_SSLAM to a folder with SSLAM's weights, test.wav and test.npy";

/** Float32 numbers of a numpy file: magic, length, header, numbers. */
function readNpy(path: string): Float32Array {
  const bytes = readFileSync(path);
  const start = 10 + bytes.readUInt16LE(8);
  assert.match(bytes.toString("latin1", 10, start), /'descr': '<f4'/);
  return new Float32Array(new Uint8Array(bytes.subarray(start)).buffer);
}

describe("SSLAM with the official weights", { skip }, () => {
  before(startEngine);

  it("gives what the authors' code gives for their test clip", async () => {
    const path = (name: string) => join(folder!, name);
    const expected = readNpy(path("test.npy"));
    assert.equal(expected.length, 512 * 768);
    // reference/encoders-and-llm.md, section 1.3
    const rows = [
      [0, [-0.34653676, -0.16036527, 0.17171107, -0.0396027]],
      [511, [-0.25099117, -0.11613379, -0.39990968, -0.20547411]],
    ] as const;
    for (const [row, start] of rows) {
      const found = expected.subarray(768 * row, 768 * row + start.length);
      assert.ok(distance(found, start).largest < 1e-6);
    }

    const encoder = await openEncoder(folder!);
    const { sampleRate, samples } = await readAudio(path("test.wav"));
    const clip = resample(crop(samples, sampleRate), sampleRate, {
      to: encoder.sampleRate,
    });
    const { largest, mean } = distance(encoder.encode(clip), expected);
    encoder.dispose();
    // The filter bank alone is 2e-3 from torchaudio's near its floor.
    assert.ok(largest < 1e-2, `off by ${largest}`);
    assert.ok(mean < 1e-4, `off by ${mean} in the mean`);
  });
});
