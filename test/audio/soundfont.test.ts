import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Note,
  readSoundfont,
  renderNote,
} from "../../lib/audio/soundfont.ts";
import { tim } from "../soundfonts.ts";

const flute: Note = {
  instrument: { program: 73 },
  key: 72,
  velocity: 100,
  seconds: 0.3,
};
const size = { nSamples: 8000, sampleRate: 16_000 };

describe("renderNote", () => {
  it("gives the same bytes whatever was played before", async () => {
    const first = await renderNote(tim(), flute, size);
    await renderNote(tim(), { ...flute, instrument: { drum: true } }, size);
    assert.deepEqual(await renderNote(tim(), flute, size), first);
  });

  it("plays the key's pitch", async () => {
    const samples = await renderNote(tim(), flute, size);
    // Key 72 is 523.25 Hz: rising zero crossings in 0.2 s of steady tone.
    let crossings = 0;
    for (let i = 1600; i < 4800; i++) {
      if (samples[i - 1] < 0 && samples[i] >= 0) crossings++;
    }
    assert.ok(Math.abs(crossings / 0.2 - 523.25) < 20, `${crossings / 0.2}`);
  });

  it("falls silent after the release", async () => {
    const samples = await renderNote(tim(), flute, size);
    const energy = (part: Float32Array) =>
      part.reduce((sum, x) => sum + x * x, 0);
    const [held, after] = [samples.slice(1600, 4000), samples.slice(-1600)];
    assert.ok(energy(after) < 0.02 * energy(held));
  });

  it("refuses bytes that are no SoundFont", () => {
    assert.throws(
      () => readSoundfont("noise", new Uint8Array(100)),
      /^Error: readSoundfont: expected a SoundFont, got 100 bytes .*"noise"/,
    );
  });
});
