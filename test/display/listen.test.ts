import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { listen } from "../../lib/display/listen.ts";
import { cellScreen, textScreen } from "./screens.ts";

const label = "a violin & <more>";

/** Stands for the real encoder: bytes that tell what it was given. */
function encodeWav(samples: Float32Array, sampleRate: number): Uint8Array {
  return Buffer.from(`${sampleRate}: ${[...samples].join(" ")}`);
}

function heard(samples: readonly number[], sampleRate = 16_000) {
  const { published, screen } = cellScreen();
  const sound = Float32Array.from(samples);
  listen(sound, sampleRate, { label, encodeWav, screen });
  const { data } = published[0].bundle;
  const html = String(data["text/html"]);
  const [, base64] = /data:audio\/wav;base64,([^"]+)"/.exec(html) ?? [];
  const wav = Buffer.from(base64 ?? "", "base64").toString();
  return { html, wav, text: data["text/plain"] };
}

describe("listen", () => {
  it("puts a player with the sound under the cell", () => {
    const { html, text, wav } = heard([0, 0.5, -1], 8000);
    assert.match(html, /a violin &amp; &lt;more&gt;.*<audio controls/);
    assert.equal(wav, "8000: 0 0.5 -1");
    assert.equal(text, `Sound: ${label} (0.00 s at 8000 Hz)`);
  });

  it("plays what would crackle more quietly, and says so", () => {
    const { text, wav } = heard([1, -2, 0.5]);
    assert.equal(wav, "16000: 0.5 -1 0.25");
    assert.match(String(text), /peak 2\.00, played 6\.0 dB quieter/);
  });

  it("leaves the caller's samples as they were", () => {
    const samples = Float32Array.of(2, 0);
    const { screen } = cellScreen();
    listen(samples, 16_000, { label, encodeWav, screen });
    assert.deepEqual([...samples], [2, 0]);
  });

  it("says that silence is silent", () => {
    assert.match(String(heard([0, 0]).text), /; silent\)$/);
  });

  it("prints one line in a terminal", () => {
    const { screen, written } = textScreen(80);
    const samples = new Float32Array(32_000).fill(0.1);
    listen(samples, 16_000, { label: "tone", encodeWav, screen });
    assert.deepEqual(written, ["Sound: tone (2.00 s at 16000 Hz)\n"]);
  });

  it("refuses what cannot be played", () => {
    const refused = (samples: Float32Array, rate: number, message: RegExp) => {
      const { screen } = textScreen();
      assert.throws(
        () => listen(samples, rate, { label, encodeWav, screen }),
        message,
      );
    };
    const one = Float32Array.of(0.5);
    refused(new Float32Array(), 16_000, /up to 60 s, got 0 samples/);
    refused(new Float32Array(3000 * 61), 3000, /up to 60 s, got 183000/);
    refused(one, 0, /expected 3000 to 192000 samples a second, got 0/);
    refused(one, Number.NaN, /got NaN/);
    refused(one, 384_000, /got 384000/);
    refused(Float32Array.of(0, Number.NaN), 16_000, /got NaN \(sample 1\)/);
  });
});
