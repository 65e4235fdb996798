import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, open, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { decodeAudio } from "../../lib/audio/decode/decode.ts";
import { readAudio } from "../../lib/audio/decode/read.ts";
import { distance, tone } from "./fixture.ts";
import { makeFlac } from "./make-flac.ts";
import { makeWav } from "./make-wav.ts";

const folder = join(import.meta.dirname, "..", "fixtures", "audio");
const stored = (name: string) =>
  new Uint8Array(readFileSync(join(folder, name)));

/** What tones.* were encoded from: 440 Hz left, 660 Hz right, as mono. */
const left = tone(440, 6400, 16_000);
const right = tone(660, 6400, 16_000);
const both = left.map((sample, i) => (sample + right[i]) / 2);

/** Correlation at the best shift: codecs delay, and lose a little. */
function likeness(a: Float32Array, b: Float32Array): number {
  let best = 0;
  for (let shift = 0; shift < 2400; shift++) {
    let ab = 0;
    let aa = 0;
    let bb = 0;
    for (let i = 500; i < 3500; i++) {
      const x = a[i + shift] ?? 0;
      ab += x * b[i];
      aa += x * x;
      bb += b[i] * b[i];
    }
    best = Math.max(best, ab / Math.sqrt(aa * bb));
  }
  return best;
}

describe("decodeAudio", () => {
  for (const [bits, coding] of [
    [8, 1],
    [16, 1],
    [24, 1],
    [32, 1],
    [32, 3],
    [64, 3],
  ] as const) {
    it(`reads ${bits}-bit WAV of coding ${coding} to half a step`, async () => {
      const { samples, ...facts } = await decodeAudio(
        makeWav(left, { bits, coding }),
      );
      const step = coding === 3 ? 1e-7 : 2 ** (1 - Math.min(bits, 24));
      assert.ok(distance(samples, left).largest <= 0.51 * step);
      assert.deepEqual(facts, {
        sampleRate: 16_000,
        channels: 1,
        seconds: 0.4,
        format: "wav",
        notes: [],
      });
    });
  }

  it("divides 16-bit samples by 32768, as torchaudio does", async () => {
    const { samples } = await decodeAudio(makeWav([-1, 0.5, 1]));
    assert.deepEqual([...samples], [-1, 0.5, Math.fround(32_767 / 32_768)]);
  });

  for (const bits of [8, 16, 24] as const) {
    it(`gives the very samples of WAV for FLAC of ${bits} bits`, async () => {
      const half = 2 ** (bits - 1);
      const spread = 2_654_435_761; // visits every value of few bits
      const whole = Array.from({ length: 70_000 }, (_, i) =>
        i < 5
          ? [-half, -1, 0, 1, half - 1][i]
          : ((i * spread) % (2 * half)) - half,
      );
      const wav = await decodeAudio(
        makeWav(
          whole.map((n) => n / half),
          { bits, sampleRate: 48_000 },
        ),
      );
      const sampleAt = (i: number) => whole[i];
      const parts = { channels: 1, blockSize: 7000, nFrames: 10 };
      const flac = await decodeAudio(makeFlac({ ...parts, bits, sampleAt }));
      assert.deepEqual(flac.samples, wav.samples);
      assert.deepEqual(
        [...flac.samples.subarray(0, 5)],
        [-1, -1 / half, 0, 1 / half, (half - 1) / half],
      );
    });
  }

  it("gives the same samples for FLAC as for WAV, to half a step", async () => {
    const { samples, channels } = await decodeAudio(stored("tones.flac"));
    assert.equal(channels, 2);
    // sox wrote the file with dither: one step more.
    assert.ok(distance(samples, both).largest < 2 / 32_768);
  });

  for (const [name, format, rate] of [
    ["tones.flac", "flac", 16_000],
    ["tones-vbr.mp3", "mp3", 16_000],
    ["tones-summed.mp3", "mp3", 16_000],
    ["tones-bare.mp3", "mp3", 16_000],
    ["tones.ogg", "ogg-vorbis", 16_000],
    ["tones-flac.ogg", "ogg-flac", 16_000],
  ] as const) {
    it(`hears the two tones in ${name}`, async () => {
      const audio = await decodeAudio(stored(name), { name });
      assert.equal(audio.format, format);
      assert.equal(audio.sampleRate, rate);
      assert.equal(audio.channels, 2);
      assert.deepEqual(audio.notes, []);
      assert.ok(Math.abs(audio.seconds - 0.4) < 0.11, `${audio.seconds} s`);
      assert.ok(likeness(audio.samples, both) > 0.99);
    });
  }

  it("reads Opus at 48 kHz, its pre-skip removed", async () => {
    const audio = await decodeAudio(stored("tones.opus"));
    assert.equal(audio.sampleRate, 48_000);
    assert.equal(audio.samples.length, 19_200);
  });

  it("averages seven channels", async () => {
    const rows = [0.7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.35];
    const bytes = makeWav(rows, { channels: 7, coding: 3, bits: 32 });
    const { channels, samples } = await decodeAudio(bytes);
    assert.equal(channels, 7);
    assert.ok(distance(samples, [0.1, 0.05]).largest < 1e-7);
    assert.equal((await decodeAudio(stored("seven.flac"))).channels, 7);
  });

  it("takes 384 kHz and a single sample", async () => {
    const fast = makeWav(tone(1000, 3840, 384_000), { sampleRate: 384_000 });
    assert.equal((await decodeAudio(fast)).seconds, 0.01);
    assert.equal((await decodeAudio(makeWav([0.25]))).samples[0], 0.25);
  });

  it("decodes only the first seconds when asked", async () => {
    for (const name of ["tones.flac", "tones.ogg", "tones-vbr.mp3"]) {
      const whole = await decodeAudio(stored(name));
      const { samples } = await decodeAudio(stored(name), { first: 0.1 });
      assert.equal(samples.length, 1600);
      assert.deepEqual(samples, whole.samples.subarray(0, 1600));
    }
  });

  it("loses no FLAC frame, wherever a piece ends", async () => {
    // Frames are decoded some 65,536 bytes at a time; these blocks put a
    // header at each place around.
    for (let shift = -18; shift <= 0; shift++) {
      const blockSize = Math.floor((65_536 - 42 + 2 * shift) / 2 / 2);
      const parts = { channels: 1, blockSize, nFrames: 5 };
      const { samples } = await decodeAudio(makeFlac(parts));
      assert.equal(samples.length, 5 * blockSize);
      const wanted = (i: number) => ((i % blockSize) % 256) / 512;
      assert.ok(samples.every((x, i) => Math.abs(x - wanted(i)) < 1 / 32_768));
    }
  });

  it("loses no FLAC frame of silence, and none longer than a piece", async () => {
    for (const parts of [
      { channels: 1, blockSize: 4096, isConstant: true, nFrames: 6000 },
      { channels: 7, blockSize: 16_384, nFrames: 3 },
    ]) {
      const { samples } = await decodeAudio(makeFlac(parts));
      assert.equal(samples.length, parts.nFrames * parts.blockSize);
    }
  });

  it("says so when the ending lies, and goes by the content", async () => {
    const { format, notes } = await decodeAudio(stored("tone.mp3"), {
      name: "tone.wav",
    });
    assert.equal(format, "mp3");
    assert.deepEqual(notes, ["named .wav, but holds mp3; decoded as mp3"]);
  });

  it("reads to the end of a WAV whose writer left the size open", async () => {
    const bytes = makeWav(left, { promised: 0xffff_ffff });
    assert.equal((await decodeAudio(bytes)).samples.length, left.length);
  });

  it("reads to the end of a WAV whose sizes were never filled in", async () => {
    const bytes = makeWav(left, { promised: 0 });
    new DataView(bytes.buffer).setUint32(4, 0, true);
    assert.equal((await decodeAudio(bytes)).samples.length, left.length);
  });

  it("takes what is left of a file cut short, with a note", async () => {
    const bytes = makeWav(left).subarray(0, 44 + 2000);
    const audio = await decodeAudio(bytes, { acceptCutShort: true });
    assert.equal(audio.samples.length, 1000);
    assert.deepEqual(audio.notes, [
      "12800 bytes of samples promised, 2000 there",
    ]);
  });
});

/** A WAV file of an empty data chunk, and a LIST chunk after it. */
function withList(parts: object): Uint8Array {
  const list = Buffer.from("LIST\x1a\0\0\0INFOISFT\x0e\0\0\0Lavf59.27.100\0");
  const bytes = Buffer.concat([makeWav([], parts), list]);
  bytes.writeUInt32LE(bytes.length - 8, 4);
  return bytes;
}

describe("decodeAudio refuses", () => {
  const text = (words: string) => new TextEncoder().encode(words);
  const nan = new Float32Array(100).fill(Number.NaN);
  const day = 24 * 3600 * 16_000 * 2;
  const cases: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ["an empty file", new Uint8Array(), /expected audio, got an empty file/],
    ["0 seconds", makeWav([]), /at least one sample, got none \(0 seconds\)/],
    ["no samples, but metadata", withList({}), /got none \(0 seconds\)/],
    [
      "no samples of mu-law, but metadata",
      withList({ bits: 8, coding: 7 }),
      /got none \(0 seconds\)/,
    ],
    [
      "metadata after sizes that were never filled in",
      new Uint8Array(withList({})).fill(0, 4, 8),
      /got none \(0 seconds\)/,
    ],
    [
      "NaN",
      makeWav(nan, { coding: 3, bits: 32 }),
      /finite samples, got NaN at 0/,
    ],
    [
      "24 hours",
      makeWav(left, { promised: day }),
      /at most 600 seconds, got 86400/,
    ],
    [
      "a rate of 0",
      makeWav(left, { sampleRate: 0 }),
      /1000 to 384000 Hz, got 0/,
    ],
    ["768 kHz", makeWav(left, { sampleRate: 768_000 }), /got 768000/],
    ["no channels", makeWav(left, { channels: 0 }), /for 0 channels|0 bytes/],
    [
      "33 channels",
      makeWav(new Float32Array(33), { channels: 33 }),
      /1 to 32 channels, got 33/,
    ],
    [
      "an unknown coding",
      makeWav(left, { coding: 85 }),
      /ADPCM, got format 85/,
    ],
    ["a web page", text("<!DOCTYPE html><p>404"), /got an HTML or XML page/],
    ["a pointer", text("version https://git-lfs.example"), /Git LFS pointer/],
    ["other bytes", text("hello, world"), /got bytes 68 65 6c 6c/],
  ];
  for (const [what, bytes, message] of cases) {
    it(what, async () => {
      await assert.rejects(decodeAudio(bytes, { name: "x.wav" }), (error) => {
        assert.ok(error instanceof RangeError);
        assert.match(error.message, message);
        assert.match(error.message, /^decodeAudio: expected .* \(x\.wav\)$/);
        return true;
      });
    });
  }

  for (const name of [
    "tones.flac",
    "tones-vbr.mp3",
    "tones.ogg",
    "tones.opus",
    "tones-flac.ogg",
  ]) {
    it(`the first two thirds of ${name}`, async () => {
      const bytes = stored(name);
      const part = bytes.subarray(0, Math.floor((bytes.length * 2) / 3));
      await assert.rejects(decodeAudio(part), /cut short/);
    });
  }

  it("a WAV file that ends in its samples or in its header", async () => {
    const bytes = makeWav(left);
    await assert.rejects(
      decodeAudio(bytes.subarray(0, 999)),
      /cut short: 12800/,
    );
    await assert.rejects(decodeAudio(bytes.subarray(0, 40)), /data chunk/);
    await assert.rejects(decodeAudio(bytes.subarray(0, 20)), /fmt chunk/);
  });

  it("a FLAC file of few bytes and half an hour, early", async () => {
    const bytes = makeFlac({
      channels: 8,
      blockSize: 65_535,
      isConstant: true,
      nFrames: 1400,
      promised: 0,
    });
    assert.ok(bytes.length < 60_000);
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage().arrayBuffers);
    }, 1);
    const before = process.memoryUsage().arrayBuffers;
    const limits = { maxSeconds: 60 };
    await assert.rejects(decodeAudio(bytes, { limits }), /seconds, got more/);
    clearInterval(watch);
    assert.ok(most - before < 400 * 2 ** 20, `${most - before} bytes`);
  });

  it("more than the limits the caller sets", async () => {
    const bytes = stored("tones.ogg");
    const limited = (limits: object) => decodeAudio(bytes, { limits });
    await assert.rejects(limited({ maxBytes: 100 }), /at most 100 bytes/);
    await assert.rejects(limited({ maxSeconds: 0.3 }), /at most 0.3 seconds/);
    await assert.rejects(limited({ maxChannels: 1 }), /1 to 1 channels, got 2/);
    await assert.rejects(limited({ maxMilliseconds: 0 }), /within 0 ms/);
    await assert.rejects(decodeAudio(bytes, { first: 0 }), /above 0 seconds/);
  });
});

/** A WAV file as one beyond 4 GiB: RF64, its sizes in a chunk of their own. */
function longWav(bytes: Uint8Array, fileLength: number): Uint8Array {
  const ds64 = Buffer.alloc(36);
  ds64.write("ds64", 0);
  ds64.writeUInt32LE(28, 4);
  ds64.writeBigUInt64LE(BigInt(fileLength - 8), 8);
  ds64.writeBigUInt64LE(BigInt(fileLength - 44 - ds64.length), 16);
  const head = Buffer.from(bytes.subarray(0, 44));
  head.write("RF64", 0);
  head.fill(0xff, 4, 8);
  head.fill(0xff, 40, 44);
  const parts = [head.subarray(0, 12), ds64, head.subarray(12)];
  return Buffer.concat([...parts, bytes.subarray(44)]);
}

describe("readAudio", () => {
  let place = "";
  before(async () => {
    place = await mkdtemp(join(tmpdir(), "pal-audio-"));
  });
  after(() => rm(place, { recursive: true }));

  it("hears the start of a day-long file, and refuses the whole", async () => {
    const path = join(place, "day.wav");
    const bytes = makeWav(left, { promised: 24 * 3600 * 16_000 * 2 });
    await writeFile(path, bytes);
    await truncate(path, 44 + 24 * 3600 * 16_000 * 2); // a sparse file
    const started = performance.now();
    await assert.rejects(readAudio(path), /at most 268435456 bytes/);
    const { samples } = await readAudio(path, {
      first: 10,
      limits: { maxBytes: 2 ** 20 },
    });
    assert.equal(samples.length, 160_000);
    assert.ok(distance(samples.subarray(0, 6400), left).largest < 1e-4);
    assert.ok(performance.now() - started < 5000);
  });

  it("takes no more memory than its limit for a file of 5 GiB", async () => {
    const path = join(place, "vast.wav");
    const size = 5 * 2 ** 30;
    await writeFile(path, longWav(makeWav(left), size));
    await truncate(path, size); // a sparse file
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage().arrayBuffers);
    }, 1);
    const before = process.memoryUsage().arrayBuffers;
    const { samples } = await readAudio(path, { first: 10 });
    clearInterval(watch);
    assert.equal(samples.length, 160_000);
    assert.ok(distance(samples.subarray(0, 6400), left).largest < 1e-4);
    assert.ok(most - before < 300 * 2 ** 20, `${most - before} bytes`);
  });

  it("refuses a header that promises a day, however little is asked", async () => {
    const path = join(place, "promise.wav");
    await writeFile(path, makeWav(left, { promised: 24 * 3600 * 16_000 * 2 }));
    await assert.rejects(
      readAudio(path, { first: 10 }),
      /cut short: 2764800000 bytes of samples promised, 12800 there/,
    );
    const { samples } = await readAudio(path, {
      first: 10,
      acceptCutShort: true,
    });
    assert.equal(samples.length, left.length);
  });

  it("refuses a folder and a missing file", async () => {
    await assert.rejects(readAudio(place), /expected a file, got a folder/);
    await assert.rejects(readAudio(join(place, "no.wav")), /ENOENT/);
  });

  it("names the file that it cannot decode", async () => {
    const path = join(place, "empty.mp3");
    await (await open(path, "w")).close();
    await assert.rejects(readAudio(path), /an empty file \(.*empty\.mp3\)$/);
  });
});
