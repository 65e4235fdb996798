import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decodeAudio } from "../../lib/audio/decode/decode.ts";
import { tone } from "./fixture.ts";
import { makeWav } from "./make-wav.ts";

const folder = join(import.meta.dirname, "..", "fixtures", "audio");
const stored = (name: string) =>
  new Uint8Array(readFileSync(join(folder, name)));

const originals: Readonly<Record<string, Uint8Array>> = {
  "integer WAV": makeWav(tone(440, 800, 8000), { channels: 2 }),
  "float WAV": makeWav(tone(440, 800, 8000), { bits: 32, coding: 3 }),
  "mu-law WAV": makeWav(tone(440, 800, 8000), { bits: 8, coding: 7 }),
  FLAC: stored("tones.flac"),
  "FLAC of 7 channels": stored("seven.flac"),
  MP3: stored("tone.mp3"),
  "MP3 of variable rate": stored("tones-vbr.mp3"),
  Vorbis: stored("tones.ogg"),
  Opus: stored("tones.opus"),
  "FLAC in Ogg": stored("tones-flac.ogg"),
};
/** What has checksums: no other sound comes of it unseen. */
const sealed = ["FLAC", "FLAC of 7 channels", "Vorbis", "Opus", "FLAC in Ogg"];
const runsEach = 210;
// A new seed every day finds new files; the line printed repeats an old run.
const seed = Number(
  process.env.PAL_FUZZ_SEED ?? Math.floor(Date.now() / 864e5),
);

type Mutation =
  | { readonly kind: "set"; readonly at: number; readonly byte: number }
  | { readonly kind: "cut"; readonly at: number }
  | { readonly kind: "drop"; readonly at: number; readonly length: number }
  | { readonly kind: "repeat"; readonly at: number; readonly length: number }
  | { readonly kind: "fill"; readonly at: number; readonly length: number };

/** Half of the places lie in the first 64 bytes, where the headers are. */
const place = fc.oneof(
  fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  fc.nat(63).map((byte) => -1 - byte),
);
const length = fc.integer({ min: 1, max: 300 });
const byte = fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat(255));
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("set"), at: place, byte }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("cut"), at: place }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("drop"), at: place, length }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("repeat"), at: place, length }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("fill"), at: place, length }),
  },
) as fc.Arbitrary<Mutation>;

function mutate(bytes: Uint8Array, how: Mutation): Uint8Array {
  const at = Math.min(
    bytes.length,
    how.at < 0 ? -1 - how.at : Math.floor(how.at * bytes.length),
  );
  const head = bytes.subarray(0, at);
  if (how.kind === "cut") return head.slice();
  if (how.kind === "set") {
    const copy = bytes.slice();
    if (at < copy.length) copy[at] = how.byte;
    return copy;
  }
  const piece = bytes.subarray(at, at + how.length);
  const tail = bytes.subarray(at + how.length);
  if (how.kind === "drop") return join8(head, tail);
  if (how.kind === "repeat") return join8(head, piece, piece, tail);
  return bytes.slice().fill(0xff, at, at + how.length);
}

function join8(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

describe(`decodeAudio, fed damaged files (PAL_FUZZ_SEED=${seed})`, () => {
  const tally = { decoded: 0, refused: 0 };
  const limits = { maxSeconds: 20, maxMilliseconds: 3000 };
  for (const [name, original] of Object.entries(originals)) {
    it(`decodes or refuses ${runsEach} files made from ${name}`, async () => {
      const { samples } = await decodeAudio(original);
      const printed: unknown[] = [];
      const { error, log, warn } = console;
      Object.assign(console, {
        error: (...args: unknown[]) => printed.push(args),
        warn: (...args: unknown[]) => printed.push(args),
        log: (...args: unknown[]) => printed.push(args),
      });
      const check = fc.asyncProperty(
        fc.array(mutation, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        async (mutations, acceptCutShort) => {
          const bytes = mutations.reduce(mutate, original);
          const started = performance.now();
          try {
            const audio = await decodeAudio(bytes, { limits, acceptCutShort });
            assert.ok(audio.samples.length > 0);
            assert.ok(audio.samples.every(Number.isFinite));
            assert.ok(audio.seconds <= limits.maxSeconds);
            const isSealed = sealed.includes(name) && audio.notes.length === 0;
            if (isSealed) assert.deepEqual(audio.samples, samples);
            tally.decoded++;
          } catch (fault) {
            assert.ok(fault instanceof Error);
            if (fault instanceof assert.AssertionError) throw fault;
            assert.match(fault.message, /^decodeAudio: expected .*, got /s);
            tally.refused++;
          }
          assert.ok(performance.now() - started < 10_000);
        },
      );
      try {
        await fc.assert(check, { numRuns: runsEach, seed });
      } finally {
        Object.assign(console, { error, log, warn });
      }
      // libFLAC's wrapper prints some damage itself; nothing else may.
      const ours = printed.filter((line) => !/@wasm-audio/.test(String(line)));
      assert.deepEqual(ours, []);
    });
  }

  it("saw at least 2,000 files, some of them still whole", (t) => {
    t.diagnostic(`${tally.decoded} decoded, ${tally.refused} refused`);
    assert.ok(tally.decoded + tally.refused >= 2000);
    assert.ok(tally.decoded > 30 && tally.refused > 100);
  });
});
