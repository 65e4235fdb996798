import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { melOf } from "../../../lib/figure/mel-axis.ts";
import { spectrograms } from "../../../lib/figure/sound/spectrograms.ts";

const words = { name: "pictures", title: "A claim" };
const low = {
  name: "low",
  nFrames: 2,
  nBands: 2,
  start: 0.5,
  hop: 1,
  values: [-10, -20, -30, -95],
  hertz: [
    [0, 1000],
    [1000, 2000],
  ] as const,
};
const high = {
  ...low,
  name: "high",
  hertz: [[0, 4000] as const, [4000, 8000] as const],
};

interface Heatmap {
  readonly yaxis: string;
  readonly x0: number;
  readonly dx: number;
  readonly y: readonly number[];
  readonly z: { readonly bdata: string; readonly shape: string };
  readonly zmin: number;
  readonly zmax: number;
}

const drawn = (figure: { data: readonly unknown[] }) =>
  figure.data as Heatmap[];

const stored = ({ z }: Heatmap) => [
  ...new Int8Array(Buffer.from(z.bdata, "base64")),
];

describe("spectrograms", () => {
  it("turns frames of bands into rows of time", () => {
    const [heatmap] = drawn(spectrograms([low], words));
    assert.equal(heatmap.z.shape, "2, 2");
    assert.deepEqual(stored(heatmap), [-10, -30, -20, -95]);
    assert.deepEqual([heatmap.x0, heatmap.dx], [0.5, 1]);
    assert.deepEqual(heatmap.y, [0, 1000, 2000].map(melOf));
  });

  it("shows 80 dB below the loudest of each picture", () => {
    const louder = { ...low, values: low.values.map((value) => value + 30) };
    const ranges = drawn(spectrograms([low, louder], words)).map(
      ({ zmax, zmin }) => [zmin, zmax],
    );
    assert.deepEqual(ranges, [
      [-90, -10],
      [-60, 20],
    ]);
  });

  it("gives all panels the range of the one that reaches furthest", () => {
    const figure = spectrograms([low, high], words);
    const { xaxis, yaxis, yaxis2 } = figure.layout;
    assert.deepEqual(yaxis?.range, [melOf(0), melOf(8000)]);
    assert.deepEqual(yaxis2?.range, yaxis?.range);
    assert.deepEqual(xaxis?.range, [0, 2]);
    assert.deepEqual(
      drawn(figure).map((heatmap) => heatmap.yaxis),
      ["y", "y2"],
    );
  });

  it("names each band by what it covers, at its middle", () => {
    const { yaxis } = spectrograms([low], words).layout;
    assert.deepEqual(yaxis?.ticktext, ["0\u20131000 Hz", "1000\u20132000 Hz"]);
    const middle = (melOf(1000) + melOf(2000)) / 2;
    assert.equal(yaxis?.tickvals?.[1], middle);
  });

  it("averages neighbors in time and frequency where there are many", () => {
    const [nFrames, nBands] = [192, 128];
    const values = Array.from(
      { length: nFrames * nBands },
      (_, i) =>
        // Frames and bands alternate: any pair of them has the same mean.
        (Math.floor(i / nBands) % 2) * 20 + (i % 2) * 10,
    );
    const hertz = Array.from(
      { length: nBands },
      (_, band) => [band * 50, (band + 1) * 50] as const,
    );
    const [heatmap] = drawn(
      spectrograms(
        [{ name: "many", nFrames, nBands, values, start: 0, hop: 0.01, hertz }],
        words,
      ),
    );
    assert.equal(heatmap.z.shape, "64, 96");
    assert.deepEqual([...new Set(stored(heatmap))], [15]);
    assert.deepEqual([heatmap.x0, heatmap.dx], [0.005, 0.02]);
    assert.equal(heatmap.y[1], melOf(100));
  });

  it("refuses sizes that do not fit and numbers that are none", () => {
    assert.throws(
      () => spectrograms([{ ...low, nFrames: 3 }], words),
      /expected 3 frames x 2 bands, got 4 values \(low\)/,
    );
    assert.throws(
      () => spectrograms([{ ...low, hertz: [[0, 1]] }], words),
      /expected what each of 2 bands covers, got 1 spans \(low\)/,
    );
    assert.throws(
      () => spectrograms([{ ...low, values: [0, 0, 0, -Infinity] }], words),
      /expected finite values, got -Infinity \(frame 1, band 1\); add a floor/,
    );
  });
});
