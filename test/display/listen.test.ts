import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { listen } from "../../lib/display/listen.ts";
import { cellScreen, textScreen } from "./screens.ts";

const label = "a violin & <more>";

/** Stand for the real encoders: bytes that tell what they were given. */
function encodeWav(samples: Float32Array, sampleRate: number): Uint8Array {
  return Buffer.from(`${sampleRate}: ${[...samples].join(" ")}`);
}

async function encodeMp3(samples: Float32Array, sampleRate: number) {
  const bytes = Buffer.from(`${samples.length} at ${sampleRate}`);
  return { bytes, sampleRate: 8_000, bitRate: 40 };
}

const encoders = { encodeMp3, encodeWav };

async function heard(
  samples: readonly number[] | Float32Array,
  sampleRate = 16_000,
) {
  const { published, screen } = cellScreen();
  const sound = Float32Array.from(samples);
  await listen(sound, sampleRate, { label, ...encoders, screen });
  const { data } = published[0].bundle;
  const html = String(data["text/html"]);
  const [, type, base64] = /data:([\w/]+);base64,([^"]+)"/.exec(html) ?? [];
  const file = Buffer.from(base64 ?? "", "base64").toString();
  return { html, type, file, text: String(data["text/plain"]) };
}

describe("listen", () => {
  it("puts a player with the sound under the cell", async () => {
    const { file, html, text, type } = await heard([0, 0.5, -1], 8000);
    assert.match(html, /a violin &amp; &lt;more&gt;.*<audio controls/);
    assert.deepEqual([type, file], ["audio/wav", "8000: 0 0.5 -1"]);
    assert.equal(text, `Sound: ${label} (0.00 s at 8000 Hz; WAV)`);
  });

  it("compresses what as a WAV takes more than 64 kB, and says so", async () => {
    const { file, html, text, type } = await heard(new Float32Array(32_001));
    assert.deepEqual([type, file], ["audio/mpeg", "32001 at 16000"]);
    const how = "compressed for the page: MP3, 40 kbit/s, 8000 Hz";
    assert.ok(text.endsWith(`; ${how})`), text);
    assert.ok(html.includes(how));
    assert.equal((await heard(new Float32Array(32_000))).type, "audio/wav");
  });

  it("plays what would crackle more quietly, and says so", async () => {
    const { file, text } = await heard([1, -2, 0.5]);
    assert.equal(file, "16000: 0.5 -1 0.25");
    assert.match(text, /peak 2\.00, played 6\.0 dB quieter/);
  });

  it("leaves the caller's samples as they were", async () => {
    const samples = Float32Array.of(2, 0);
    const { screen } = cellScreen();
    await listen(samples, 16_000, { label, ...encoders, screen });
    assert.deepEqual([...samples], [2, 0]);
  });

  it("says that silence is silent", async () => {
    assert.match((await heard([0, 0])).text, /; silent; WAV\)$/);
  });

  it("prints one line in a terminal", async () => {
    const { screen, written } = textScreen(80);
    const samples = new Float32Array(48_000).fill(0.1);
    await listen(samples, 16_000, { label: "tone", ...encoders, screen });
    assert.deepEqual(written, ["Sound: tone (3.00 s at 16000 Hz)\n"]);
  });

  it("refuses what cannot be played", async () => {
    const refused = (samples: Float32Array, rate: number, message: RegExp) => {
      const { screen } = textScreen();
      return assert.rejects(
        listen(samples, rate, { label, ...encoders, screen }),
        message,
      );
    };
    const one = Float32Array.of(0.5);
    await refused(new Float32Array(), 16_000, /up to 60 s, got 0 samples/);
    await refused(new Float32Array(3000 * 61), 3000, /60 s, got 183000/);
    await refused(one, 0, /expected 3000 to 192000 samples a second, got 0/);
    await refused(one, Number.NaN, /got NaN/);
    await refused(one, 384_000, /got 384000/);
    const two = Float32Array.of(0, Number.NaN);
    await refused(two, 16_000, /got NaN \(sample 1\)/);
  });
});
