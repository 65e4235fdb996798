import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { clapFrontEnd, sslamFrontEnd } from "../../lib/audio/front-end.ts";
import { declaredEncoders } from "../../lib/encoder/list.ts";
import { type Picture, pictureOf } from "../../lib/encoder/picture.ts";

/** Half a second of a tone at 1 kHz after half a second of silence. */
const tone = {
  sampleRate: 48_000,
  samples: Float32Array.from({ length: 48_000 }, (_, i) =>
    i < 24_000 ? 0 : 0.5 * Math.sin((2 * Math.PI * 1000 * i) / 48_000),
  ),
};

/** The loudest band of the frame that is nearest to a moment. */
function loudestAt(picture: Picture, seconds: number) {
  const { hertz, hop, nBands, start, values } = picture;
  const frame = Math.round((seconds - start) / hop);
  const bands = [...values.subarray(frame * nBands, (frame + 1) * nBands)];
  const decibels = Math.max(...bands);
  return { decibels, hertz: hertz[bands.indexOf(decibels)] };
}

for (const { frontEnd } of declaredEncoders) {
  describe(`pictureOf(${frontEnd.name})`, () => {
    const picture = pictureOf(tone, frontEnd);

    it("shows a tone in the band that covers it, when it sounds", () => {
      const { decibels, hertz } = loudestAt(picture, 0.75);
      // Filters overlap: the tone may stand on the edge of two bands.
      assert.ok(hertz[0] < 1025 && hertz[1] > 975, String(hertz));
      assert.ok(decibels - loudestAt(picture, 0.25).decibels > 50);
    });

    it("gets 20 dB quieter when the sound gets ten times smaller", () => {
      const quiet = {
        ...tone,
        samples: tone.samples.map((sample) => sample / 10),
      };
      const difference =
        loudestAt(picture, 0.75).decibels -
        loudestAt(pictureOf(quiet, frontEnd), 0.75).decibels;
      assert.ok(Math.abs(difference - 20) < 0.01, String(difference));
    });

    it("has a span for each band, next to each other and rising", () => {
      assert.equal(picture.hertz.length, picture.nBands);
      for (const [i, [from]] of picture.hertz.slice(1).entries()) {
        assert.ok(Math.abs(from - picture.hertz[i][1]) < 1e-6);
      }
    });
  });
}

it("shows SSLAM's padding as 0 dB and CLAP's as the sound again", () => {
  const [sslam, clap] = [sslamFrontEnd, clapFrontEnd].map((frontEnd) =>
    pictureOf(tone, frontEnd),
  );
  assert.ok(Math.abs(loudestAt(sslam, 5).decibels) < 1e-4);
  const again = loudestAt(clap, 5.75).decibels - loudestAt(clap, 0.75).decibels;
  assert.ok(Math.abs(again) < 0.01, String(again));
});
