import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Crc,
  crc8,
  crc16,
  crc16Lame,
  crc32,
} from "../../lib/audio/decode/crc.ts";

const digits = new TextEncoder().encode("123456789");

// The check values of the CRC catalogue (reveng.sourceforge.io).
const known: readonly (readonly [string, Crc, number])[] = [
  ["8 bits, as SMBUS", crc8, 0xf4],
  ["16 bits, as UMTS", crc16, 0xfee8],
  ["16 bits reflected, as ARC", crc16Lame, 0xbb3d],
  ["32 bits, as CKSUM before its last step", crc32, 0x89a1_897f],
];

describe("crc", () => {
  for (const [name, sumOf, expected] of known) {
    it(`gives the known sum of ${name}`, () => {
      assert.equal(sumOf(digits, { start: 0, end: 9 }), expected);
    });

    it(`goes on from a part's sum with ${name}`, () => {
      const part = sumOf(digits, { start: 0, end: 4 });
      assert.equal(sumOf(digits, { start: 4, end: 9 }, part), expected);
    });
  }

  it("starts where it is told: the sum of MP3 frames is IBM's CMS", () => {
    assert.equal(crc16(digits, { start: 0, end: 9 }, 0xffff), 0xaee7);
  });
});
