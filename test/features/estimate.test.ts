import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { describe, it } from "node:test";
import {
  diskNeed,
  estimateDisk,
  estimateLine,
} from "../../lib/features/estimate.ts";

const clap = { name: "clap", grid: { steps: 32, bands: 2 }, width: 1024 };
const encoders = [
  { name: "sslam", grid: { steps: 64, bands: 8 }, width: 768 },
  { ...clap, name: "clap-general" },
  { ...clap, name: "clap-music-speech" },
];

describe("the estimate of disk", () => {
  // 845,000 sounds: LTU's Table 1, the sum of its closed-ended audio.
  it("says that OpenAQA at three encoders takes 0.886 TB in float16", () => {
    const need = diskNeed(845_000, encoders, "float16");
    const row = 44;
    // 512 x 768 + 2 x 64 x 1024 numbers of two bytes are one MiB.
    assert.equal(need.bytesPerClip, 2 ** 20 + 3 * row);
    assert.equal(need.bytes, 845_000 * (2 ** 20 + 3 * row));
    assert.equal(
      estimateLine(need, 64e9),
      "features of 845,000 clips in float16 take 886.16 GB (1.05 MB a clip), " +
        '64.00 GB are free; take fewer clips or another disk, or store "none" ' +
        "to encode anew each time they are needed",
    );
  });

  it("doubles the numbers' part in float32", () => {
    const half = diskNeed(10, encoders, "float16");
    const whole = diskNeed(10, encoders, "float32");
    assert.equal(whole.bytes - half.bytes, 10 * 2 ** 20);
  });

  it("knows what is free", async () => {
    const folder = tmpdir();
    const few = await estimateDisk(folder, diskNeed(0, encoders, "float16"));
    assert.equal(few.fits, true);
    assert.ok(few.freeBytes > 0);
    const many = await estimateDisk(
      folder,
      diskNeed(1e12, encoders, "float16"),
    );
    assert.equal(many.fits, false);
    assert.match(many.line, /store "none"/);
  });

  it("refuses half a clip", () => {
    assert.throws(() => diskNeed(1.5, encoders, "float16"), {
      message: "diskNeed: expected a number of clips, got 1.5",
    });
  });
});
