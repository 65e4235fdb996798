import assert from "node:assert/strict";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";
import crc32c from "crc-32/crc32c.js";
import type { MetricsLine } from "../../lib/runlog/metrics.ts";
import { eventOf, eventsHead } from "../../lib/runlog/tfevents.ts";
import { folders, killed, open, tell } from "./support.ts";
import { readByTensorboard, whyNoTensorboard } from "./tensorboard.ts";

const fixtures = resolve(import.meta.dirname, "..", "fixtures", "tfevents");
const newFolder = folders();

describe("the checksum of records", () => {
  // The check value of the CRC catalogue, and RFC 3720, B.4.
  const known: readonly (readonly [string, Uint8Array, number])[] = [
    ["the digits", Buffer.from("123456789"), 0xe306_9283],
    ["32 zeros", new Uint8Array(32), 0x8a91_36aa],
    ["32 ones", new Uint8Array(32).fill(255), 0x62a8_ab43],
    ["0 to 31", Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd_794e],
  ];
  for (const [name, bytes, expected] of known) {
    it(`is CRC-32C: ${name}`, () => {
      assert.equal(crc32c.buf(bytes) >>> 0, expected);
    });
  }
});

describe("events", () => {
  it("are the bytes that TensorBoard's own writer gives", () => {
    const text = readFileSync(join(fixtures, "two.json"), "utf8");
    const lines: readonly MetricsLine[] = JSON.parse(text);
    const head = eventsHead(new Date("2026-01-01T00:00:00.500Z"), 1);
    const bytes = Buffer.concat([head, ...lines.map(eventOf)]);
    const expected = readFileSync(join(fixtures, "two.tfevents"));
    assert.equal(bytes.toString("hex"), expected.toString("hex"));
  });
});

/** The steps of a run's event files, in their order, by no reader's purging. */
function stepsIn(folder: string): readonly number[] {
  const names = readdirSync(folder).filter((name) => /^events/.test(name));
  return names.toSorted().flatMap((name) => {
    const bytes = readFileSync(join(folder, name));
    const steps: number[] = [];
    let at = 0;
    while (at < bytes.length) {
      const length = Number(bytes.readBigUInt64LE(at));
      const message = bytes.subarray(at + 12, at + 12 + length);
      // After nine bytes of wall time: step, in one byte, and a summary.
      if (message[9] === 0x10 && message[11] === 0x2a) steps.push(message[10]);
      at += 16 + length;
    }
    assert.equal(at, bytes.length, `${name} ends with a whole record`);
    return steps;
  });
}

describe("a run's event files", () => {
  it("have each step once after kills, also within a record", () => {
    const begun = newFolder();
    tell(open(begun), 1, 6);
    const whole = killed(begun);
    assert.deepEqual(stepsIn(whole), [1, 2, 3, 4, 5, 6]);
    const [name] = readdirSync(whole).filter((each) => /^events/.test(each));
    const { length } = readFileSync(join(whole, name));
    for (const done of [0, 2, 5]) {
      for (const lost of [0, 1, 15, 150]) {
        const folder = killed(begun);
        truncateSync(join(folder, name), length - lost);
        tell(open(folder, done), done + 1, 6);
        assert.deepEqual(stepsIn(folder), [1, 2, 3, 4, 5, 6]);
      }
    }
  });

  it("are refused beside another writer's", () => {
    const folder = newFolder();
    mkdirSync(folder);
    writeFileSync(join(folder, "events.out.tfevents.1.host"), "");
    assert.throws(
      () => open(folder),
      /events of this run's log, got .*1\.host/,
    );
  });
});

describe("TensorBoard", () => {
  it("reads a run that was killed and went on as one without a break", {
    skip: whyNoTensorboard(),
  }, () => {
    const begun = newFolder();
    tell(open(begun), 1, 5);
    const once = killed(begun);
    tell(open(once, 4), 5, 8);
    const folder = killed(once);
    const log = open(folder, 3);
    tell(log, 4, 6);
    log.end("done");
    const tags = readByTensorboard(folder);
    assert.deepEqual(Object.keys(tags).toSorted(), [
      "gradient_norm/connector",
      "gradient_norm/llama.blocks",
      "memory/rss_bytes",
      "memory/tensor_bytes",
      "speed/tokens_per_second",
      "speed/wait_ms",
      "train/loss",
      "train/rate",
    ]);
    assert.deepEqual(
      tags["train/loss"],
      [1, 2, 3, 4, 5, 6].map((step) => [step, Math.fround(8 / step)]),
    );
  });
});
