import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { melOf } from "../../../lib/figure/mel-axis.ts";
import { tokenGrid } from "../../../lib/figure/sound/token-grid.ts";

const words = { name: "tokens", title: "A claim" };

/** Three steps that overlap by 0.2 s, two bands. */
const panel = {
  name: "grid",
  seconds: [
    [0, 1.2],
    [1, 2.2],
    [2, 3.2],
  ] as const,
  hertz: [
    [100, 1000],
    [1000, 4000],
  ] as const,
};

interface Heatmap {
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly z: { readonly bdata: string; readonly shape: string };
  readonly hovertemplate: string;
}

const drawn = (figure: { data: readonly unknown[] }) =>
  figure.data as Heatmap[];

function numbers({ z }: Heatmap): number[] {
  const { buffer, byteLength, byteOffset } = Buffer.from(z.bdata, "base64");
  const copy = buffer.slice(byteOffset, byteOffset + byteLength);
  return [...new Float32Array(copy as ArrayBuffer)];
}

describe("tokenGrid", () => {
  it("draws time-major values as rows of bands", () => {
    const values = [0, 1, 2, 3, 4, 5];
    const [heatmap] = drawn(tokenGrid([{ ...panel, values }], words));
    assert.equal(heatmap.z.shape, "2, 3");
    assert.deepEqual(numbers(heatmap), [0, 2, 4, 1, 3, 5]);
  });

  it("parts cells in the middle of what their windows share", () => {
    const [heatmap] = drawn(tokenGrid([panel], words));
    assert.deepEqual(heatmap.x, [0, 1.1, 2.1, 3.2]);
    assert.deepEqual(heatmap.y, [100, 1000, 4000].map(melOf));
  });

  it("shows seconds and hertz under the pointer, and values if there are", () => {
    const figure = tokenGrid([panel], words);
    const [{ hovertemplate }] = drawn(figure);
    assert.equal(
      hovertemplate,
      "%{x:.2f} s \u00b1 0.60 s, %{y}<extra></extra>",
    );
    const names = figure.layout.yaxis?.ticktext;
    assert.deepEqual(names, ["100\u20131000 Hz", "1000\u20134000 Hz"]);
    const values = [0, 1, 2, 3, 4, 5];
    const valued = tokenGrid([{ ...panel, values }], {
      ...words,
      valueName: "cosine",
    });
    assert.match(drawn(valued)[0].hovertemplate, /^cosine %\{z:\.3f\}, /);
  });

  it("frames the marked tokens from end to end and says what they cover", () => {
    const { alt, layout } = tokenGrid([{ ...panel, marked: [3, 5] }], words);
    const frame = layout.shapes?.at(-1);
    assert.deepEqual([frame?.x0, frame?.x1], [1, 3.2]);
    assert.deepEqual([frame?.y0, frame?.y1], [melOf(1000), melOf(4000)]);
    assert.equal(
      alt,
      "grid: 3 x 2 tokens, 2 of them in a frame " +
        "(1.00\u20133.20 s, 1000\u20134000 Hz).",
    );
  });

  it("draws a grid without frequency as a row, closed where steps are many", () => {
    const row = (steps: number) => ({
      name: "row",
      axes: ["time"],
      seconds: Array.from({ length: steps }, (_, i) => [i, i + 1] as const),
      hertz: [[20, 8000]] as const,
      marked: [1],
    });
    const { alt, data } = tokenGrid([row(3), row(500)], words);
    const gaps = (data as { xgap: number }[]).map(({ xgap }) => xgap);
    assert.deepEqual(gaps, [1, 0]);
    assert.match(
      alt,
      /^row: 3 tokens along time, 1 of them in a frame \(1\.00\u20132\.00 s\)\./,
    );
    const two = [...row(3).hertz, [8000, 9000] as const];
    assert.throws(
      () => tokenGrid([{ ...row(3), hertz: two }], words),
      /expected one band without an axis of frequency, got 2 \(row\)/,
    );
  });

  it("draws a moment through all panels", () => {
    const { layout } = tokenGrid([panel, panel], { ...words, moments: [1.5] });
    const line = layout.shapes?.at(-1);
    assert.deepEqual([line?.x0, line?.x1], [1.5, 1.5]);
    assert.deepEqual([line?.yref, line?.y0, line?.y1], ["paper", 0, 1]);
  });

  it("refuses values and marks that the grid has not", () => {
    assert.throws(
      () => tokenGrid([{ ...panel, values: [1, 2] }], words),
      /expected a value for each of 6 tokens, got 2 \(grid\)/,
    );
    assert.throws(
      () => tokenGrid([{ ...panel, marked: [6] }], words),
      /expected tokens from 0 to 5, got 6 \(grid\)/,
    );
    assert.throws(
      () => tokenGrid([{ ...panel, seconds: [] }], words),
      /expected tokens, got none \(grid\)/,
    );
  });
});
