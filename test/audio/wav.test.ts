import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeWav } from "../../lib/audio/wav.ts";

describe("encodeWav", () => {
  it("writes the header and 16-bit samples of one channel", () => {
    const bytes = encodeWav(Float32Array.of(0, 1, -1, 2), 16_000);
    const view = new DataView(bytes.buffer);
    const text = (at: number) =>
      new TextDecoder().decode(bytes.subarray(at, at + 4));
    assert.deepEqual([text(0), text(8), text(36)], ["RIFF", "WAVE", "data"]);
    assert.equal(view.getUint32(4, true), bytes.length - 8);
    assert.equal(view.getUint32(24, true), 16_000);
    assert.equal(view.getUint32(40, true), 8);
    const samples = [0, 1, 2, 3].map((i) => view.getInt16(44 + 2 * i, true));
    assert.deepEqual(samples, [0, 32767, -32767, 32767]);
  });
});
