import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { decodeAudio } from "../../lib/audio/decode/decode.ts";
import { mp3FrameAt } from "../../lib/audio/decode/mp3-frames.ts";
import { makeFlac } from "./make-flac.ts";
import { changeOgg, pagesOf } from "./make-ogg.ts";

const folder = join(import.meta.dirname, "..", "fixtures", "audio");
const stored = (name: string) =>
  new Uint8Array(readFileSync(join(folder, name)));

function flip(bytes: Uint8Array, at: number, bits = 0x10): Uint8Array {
  const copy = bytes.slice();
  copy[at] ^= bits;
  return copy;
}

function without(bytes: Uint8Array, at: number, end: number): Uint8Array {
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
}

/** Offsets of an MP3's frames, and its end. */
function framesOf(bytes: Uint8Array): number[] {
  const places = [0];
  for (let at = 0; at < bytes.length; places.push(at)) {
    at = mp3FrameAt(bytes, at)?.end ?? Infinity;
  }
  return places;
}

const refusal = (what: RegExp) => (error: Error) => {
  assert.ok(error instanceof RangeError);
  assert.match(error.message, what);
  assert.match(
    error.message,
    /^decodeAudio: expected a file as its encoder wrote it, got damage at byte \d+: .*; .*acceptDamaged/,
  );
  return true;
};

const bare = stored("tones-bare.mp3");
const tagged = stored("tones-vbr.mp3");
const summed = stored("tones-summed.mp3");
const places = framesOf(tagged);
const flac = makeFlac({ channels: 1, blockSize: 500, nFrames: 9 });
const frameLength = (flac.length - 42) / 9;

/** A whole recording, then the same with some bytes replaced by others. */
function chain(
  name: string,
  change: (bytes: Uint8Array) => Uint8Array,
): Uint8Array {
  return Buffer.concat([stored(name), change(stored(name))]);
}

type Case = readonly [what: string, bytes: Uint8Array, message: RegExp];

const ogg: readonly Case[] = [
  ...["tones.ogg", "tones.opus", "tones-flac.ogg"].map(
    (name): Case => [
      `a changed byte in ${name}`,
      chain(name, (bytes) => flip(bytes, bytes.length - 200)),
      /Ogg page \d+ has another checksum/,
    ],
  ),
  [
    "an Ogg page that is missing",
    chain("tones.ogg", (bytes) => {
      const { at, end } = pagesOf(bytes)[1];
      return without(bytes, at, end);
    }),
    /Ogg page 2 where 1 was due/,
  ],
  [
    "bytes between Ogg pages",
    chain("tones.opus", (bytes) => {
      const { at } = pagesOf(bytes)[2];
      const parts = [bytes.subarray(0, at), Buffer.from("noise")];
      return Buffer.concat([...parts, bytes.subarray(at)]);
    }),
    /5 bytes that are no Ogg page/,
  ],
];

const ofFlac: readonly Case[] = [
  ["a changed byte in FLAC", flip(flac, 2000), /bytes that are no whole FLAC/],
  [
    "a FLAC frame that comes twice",
    Buffer.concat([
      flac.subarray(0, 42 + 2 * frameLength),
      flac.subarray(42 + frameLength),
    ]),
    /FLAC frame 1 where 2 was due/,
  ],
  [
    "a FLAC frame that is missing",
    without(flac, 42 + frameLength, 42 + 2 * frameLength),
    /FLAC frame 2 where 1 was due/,
  ],
];

const mp3: readonly Case[] = [
  [
    "an MP3 frame without its header",
    flip(bare, framesOf(bare)[4]),
    /144 bytes that are no MP3 frame/,
  ],
  [
    "an MP3 frame's bit that LAME's sum tells of",
    flip(tagged, tagged.length - 50),
    /the \d+ bytes from here have another checksum/,
  ],
  [
    "an MP3 frame whose own sum tells of it",
    flip(summed, framesOf(summed)[5] + 8),
    /an MP3 frame has another checksum/,
  ],
  ["LAME's tag", flip(tagged, 150), /LAME's tag has another checksum/],
  [
    "an MP3's tag that is half gone",
    tagged.slice().fill(0, 90, 200),
    /the places in the MP3's tag run backwards/,
  ],
  ["LAME's tag without a name", flip(tagged, 21), /tag has lost its name/],
  [
    "an MP3 with a frame too many",
    Buffer.concat([tagged, tagged.subarray(places.at(-2))]),
    /14 MP3 frames promised, 15 there|not where it should be/,
  ],
  [
    "MP3 frames whose data overlaps",
    without(bare, framesOf(bare)[6], framesOf(bare)[8]),
    /data is not where it should be/,
  ],
  [
    "an MP3 far beyond full scale",
    flip(bare, 15, 0x55),
    /a sample of 17\.\d+, where 1 is full scale/,
  ],
  ["noise before an MP3", Buffer.concat([Buffer.from("noise"), bare]), /5 b/],
  [
    "zeros where an MP3 without a tag should go on",
    bare.slice().fill(0, bare.length - 300),
    /bytes that are no MP3 frame/,
  ],
];

/** After these a decoder takes other bytes for a frame's header. */
const lost: readonly Case[] = [
  [
    "an MP3 with bytes missing in a frame",
    without(bare, 500, 530),
    /bytes that are no MP3 frame/,
  ],
  [
    "an MP3 that goes on at another rate",
    Buffer.concat([bare, stored("tone.mp3")]),
    /22050 Hz and 1 channels after 16000 Hz and 2/,
  ],
];

describe("decodeAudio of damaged files", () => {
  for (const [what, bytes, message] of [...ogg, ...ofFlac, ...mp3, ...lost]) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(decodeAudio(bytes), refusal(message));
    });
  }

  for (const [what, bytes, message] of [...ogg, ...ofFlac, ...mp3]) {
    it(`takes ${what} with a note when told`, async () => {
      const audio = await decodeAudio(bytes, { acceptDamaged: true });
      assert.ok(audio.samples.length > 0);
      assert.match(audio.notes.join("\n"), message);
    });
  }

  it("is of no account after the seconds that are asked for", async () => {
    const whole = makeFlac({ channels: 1, blockSize: 4096, nFrames: 40 });
    const bytes = flip(whole, whole.length - 20_000);
    await assert.rejects(decodeAudio(bytes), refusal(/no whole FLAC frame/));
    const { notes, samples } = await decodeAudio(bytes, { first: 0.5 });
    assert.deepEqual([samples.length, notes], [24_000, []]);
  });

  it("takes no longer than its limit, however much of it there is", async () => {
    // Each of these heads could have a frame of 2 MB.
    const head = makeFlac({
      channels: 8,
      blockSize: 65_535,
      nFrames: 1,
      isConstant: true,
      promised: 0,
    });
    const heads = Array.from({ length: 50_000 }, () => head.subarray(42, 50));
    const bytes = Buffer.concat([head.subarray(0, 42), ...heads]);
    const started = performance.now();
    const limits = { maxMilliseconds: 300 };
    await assert.rejects(
      decodeAudio(bytes, { acceptDamaged: true, limits }),
      /to finish within 300 ms, got through \d+ of 400042 bytes/,
    );
    assert.ok(performance.now() - started < 5000);
  });

  it("counts MP3 frames against what their tag promises", async () => {
    for (const at of [5, places.length - 2]) {
      await assert.rejects(
        decodeAudio(without(tagged, places[at], places[at + 1])),
        /cut short: 14 MP3 frames promised, 13 there/,
      );
    }
  });

  it("is no matter of one frame where only Xing or VBRI counts them", async () => {
    const xing = tagged.slice().fill(0, 21 + 120, 21 + 156); // without LAME
    const vbri = Buffer.concat([tagged.subarray(0, places[1]), bare]);
    vbri.fill(0, 4, places[1]);
    vbri.write("VBRI", 36);
    for (const [bytes, at, count] of [
      [xing, 29, 14],
      [vbri, 50, bare.length / 144],
    ] as const) {
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      for (const off of [0, 1]) {
        view.setUint32(at, count + off);
        const { notes } = await decodeAudio(bytes);
        assert.deepEqual(notes, []);
      }
      view.setUint32(at, count + 2);
      await assert.rejects(decodeAudio(bytes), /16 MP3 frames promised, 14/);
    }
  });

  it("is not what follows a whole file: tags, and zeros", async () => {
    const id3 = Buffer.alloc(128);
    id3.write("TAG");
    for (const name of ["tones-bare.mp3", "tones-vbr.mp3", "tones.flac"]) {
      const bytes = stored(name);
      const { notes, samples } = await decodeAudio(bytes);
      const later = await decodeAudio(Buffer.concat([bytes, id3]));
      assert.deepEqual(later.samples, samples);
      assert.deepEqual([notes, later.notes], [[], []]);
    }
    for (const name of ["tones-vbr.mp3", "tones.ogg", "tones.flac"]) {
      const bytes = stored(name);
      const { samples } = await decodeAudio(bytes);
      const later = await decodeAudio(Buffer.concat([bytes, Buffer.alloc(99)]));
      assert.deepEqual(later.samples, samples);
    }
  });
});

describe("decodeAudio of chained Ogg", () => {
  const first = stored("tones.ogg");
  const rateAt = pagesOf(first)[0].at + 28 + 12; // of the Vorbis header

  it("refuses links of two rates, and names both", async () => {
    const slower = changeOgg(first, rateAt, [0x40, 0x1f]); // 8000 Hz
    await assert.rejects(decodeAudio(Buffer.concat([first, slower])), {
      name: "RangeError",
      message:
        "decodeAudio: expected one recording in the Ogg file, got a chain: " +
        "ogg-vorbis of 16000 Hz and 2 channels, then " +
        "ogg-vorbis of 8000 Hz and 2 channels at byte 4389; " +
        "split it into files",
    });
  });

  for (const name of ["tones.ogg", "tones.opus", "tones-flac.ogg"]) {
    it(`hears links of one kind one after the other (${name})`, async () => {
      const bytes = stored(name);
      const { samples } = await decodeAudio(bytes);
      const twice = await decodeAudio(Buffer.concat([bytes, bytes]));
      assert.equal(twice.samples.length, 2 * samples.length);
      assert.deepEqual(twice.samples.subarray(0, samples.length), samples);
      assert.deepEqual(twice.samples.subarray(samples.length), samples);
    });
  }

  it("refuses a second stream beside the first", async () => {
    const [head] = pagesOf(first);
    const other = first.slice(head.at, head.end);
    other[14] ^= 1; // its serial number
    const parts = [first.subarray(0, head.end), changeOgg(other, 0, [])];
    await assert.rejects(
      decodeAudio(Buffer.concat([...parts, first.subarray(head.end)])),
      /expected one stream in the Ogg file, got a second one at byte 58/,
    );
  });
});
