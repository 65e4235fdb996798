import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hertzTicks } from "../../lib/figure/mel-axis.ts";
import { spectrogram } from "../../lib/figure/spectrogram.ts";
import { bandHz, noisePicture } from "./examples.ts";

const nBands = 4;

/** 1 dB, in nats. */
const dB = Math.LN10 / 10;
const words = {
  name: "mel",
  title: "A claim",
  hop: 0.01,
  bandHz: [100, 200, 400, 800],
};

interface Heatmap {
  readonly x0: number;
  readonly dx: number;
  readonly y: readonly string[];
  readonly z: { dtype: string; bdata: string; shape: string } & number[][];
  readonly zmin: number;
  readonly zmax: number;
}

function heatmap(figure: { data: readonly unknown[] }): Heatmap {
  return figure.data[0] as Heatmap;
}

/** A frame with -10 dB in one band and -60 dB in the others. */
function frame(loud: number): number[] {
  return Array.from({ length: nBands }, (_, band) =>
    band === loud ? -10 * dB : -60 * dB,
  );
}

describe("spectrogram", () => {
  it("turns frames of bands into rows of time, in whole decibels", () => {
    const values = [frame(1), frame(1), frame(3)];
    const figure = spectrogram({ values, nFrames: 3, nBands }, words);
    const { z, x0, dx, y } = heatmap(figure);
    assert.deepEqual([z.dtype, z.shape], ["i1", "4, 3"]);
    const stored = new Int8Array(Buffer.from(z.bdata, "base64"));
    assert.deepEqual(
      [...stored],
      [-60, -60, -60, -10, -10, -60, -60, -60, -60, -60, -60, -10],
    );
    assert.deepEqual([x0, dx], [0.005, 0.01]);
    assert.deepEqual(y, ["100 Hz", "200 Hz", "400 Hz", "800 Hz"]);
  });

  it("draws a flat array like the same lists", () => {
    const lists = [frame(1), frame(3)];
    const flat = Float32Array.from(lists.flat());
    assert.deepEqual(
      spectrogram({ values: flat, nFrames: 2, nBands }, words),
      spectrogram({ values: lists, nFrames: 2, nBands }, words),
    );
  });

  it("keeps tenths of nats", () => {
    const values = [[-1.23, -4.56, 0, -2]];
    const figure = spectrogram(
      { values, nFrames: 1, nBands },
      { ...words, unit: "nats" },
    );
    assert.deepEqual(heatmap(figure).z, [[-1.2], [-4.6], [0], [-2]]);
  });

  it("averages neighbors where there are more frames than pixels", () => {
    const values = Array.from({ length: 1000 }, (_, i) => frame(i % 2));
    const figure = spectrogram({ values, nFrames: 1000, nBands }, words);
    const { z, dx } = heatmap(figure);
    assert.equal(z.shape, "4, 250");
    assert.ok(Math.abs(dx - 0.04) < 1e-12);
    const stored = new Int8Array(Buffer.from(z.bdata, "base64"));
    assert.equal(stored[0], -35);
    assert.deepEqual(figure.layout.xaxis?.range, [0, 10]);
  });

  it("shows no more than 80 dB below the loudest", () => {
    const values = Array.from({ length: 50 }, () => [
      0,
      -100 * dB,
      -100 * dB,
      -100 * dB,
    ]);
    const figure = spectrogram({ values, nFrames: 50, nBands }, words);
    const { zmin, zmax } = heatmap(figure);
    assert.deepEqual([zmin, zmax], [-80, 0]);
  });

  it("stays small: two seconds of noise in under 60 KB of JSON", () => {
    const { data, layout } = noisePicture();
    assert.ok(JSON.stringify({ data, layout }).length < 60_000);
  });

  it("refuses what it cannot draw, and says where", () => {
    const one = { values: [frame(0)], nFrames: 1, nBands };
    assert.throws(
      () => spectrogram({ ...one, nFrames: 2 }, words),
      /expected 2 frames x 4 bands, got 4 values/,
    );
    assert.throws(
      () => spectrogram(one, { ...words, bandHz: [1, 2] }),
      /expected the middle of each of 4 bands, got 2 frequencies/,
    );
    assert.throws(
      () => spectrogram(one, { ...words, bandHz: [1, 3, 2, 4] }),
      /expected rising band frequencies/,
    );
    assert.throws(
      () => spectrogram(one, { ...words, hop: 0 }),
      /expected a hop in seconds, got 0/,
    );
    assert.throws(
      () => spectrogram({ ...one, values: [[0, Math.log(0), 0, 0]] }, words),
      /got -Infinity \(frame 0, band 1\); add a floor before the logarithm/,
    );
  });
});

describe("hertzTicks", () => {
  it("puts round frequencies between the bands that surround them", () => {
    const { tickvals, ticktext } = hertzTicks(
      [150, 250, 450, 550, 900, 1100],
      300,
    );
    assert.deepEqual(ticktext, ["1000", "500", "200"]);
    assert.deepEqual(tickvals, [4.5, 2.5, 0.5]);
  });

  it("leaves out labels that would touch", () => {
    const { tickvals } = hertzTicks(bandHz(64), 260);
    const pixels = tickvals.map((place) => (place * 260) / 64);
    for (const [i, y] of pixels.slice(1).entries()) {
      assert.ok(pixels[i] - y >= 20);
    }
  });
});
