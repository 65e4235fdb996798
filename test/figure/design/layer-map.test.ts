import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { layerMap } from "../../../lib/figure/design/layer-map.ts";

const words = {
  name: "map",
  title: "A claim",
  axis: "Change",
  tokens: ["listen", "what", "?"],
  audioAt: 1,
};

const rows = [0, 1].flatMap((layer) =>
  [0, 1, 2].map((token) => ({
    design: "baseline",
    layer,
    token,
    value: layer * token,
  })),
);

interface Map {
  readonly z: readonly (readonly (number | null)[])[];
  readonly y0: number;
  readonly dy: number;
}

describe("layerMap", () => {
  it("leaves a column for the audio, and holes where nothing changes", () => {
    const [map] = layerMap(rows, words).data as unknown as Map[];
    assert.deepEqual(map.z, [
      [null, null, null, null],
      [null, null, 1, 2],
    ]);
  });

  it("tells what is exactly 0 from what is small", () => {
    const small = rows.map((row) => ({ ...row, value: row.value || 1e-9 }));
    const [map] = layerMap(small, words).data as unknown as Map[];
    assert.equal(map.z.flat().filter((value) => value === null).length, 2);
  });

  it("puts layer 0 at the bottom", () => {
    const { data, layout } = layerMap(rows, words);
    const [{ dy, y0 }] = data as unknown as Map[];
    const [bottom, top] = layout.yaxis?.range ?? [];
    assert.ok(bottom > top && dy < 0 && y0 + dy < y0);
  });

  it("has one scale for all designs", () => {
    const more = rows.map((row) => ({
      ...row,
      design: "attention-only",
      value: 3 * row.value,
    }));
    const maps = layerMap([...rows, ...more], words).data as {
      zmax?: number;
      showscale?: boolean;
    }[];
    assert.deepEqual(
      maps.slice(0, 2).map(({ showscale, zmax }) => ({ showscale, zmax })),
      [
        { showscale: true, zmax: 6 },
        { showscale: false, zmax: 6 },
      ],
    );
  });

  it("says in words where nothing changed", () => {
    assert.equal(
      layerMap(rows, words).alt,
      "Change at each layer and token. baseline: exactly 0 in 4 of 6 places, " +
        "up to 2.0.",
    );
  });

  it("refuses what it cannot draw, and says where", () => {
    assert.throws(() => layerMap([], words), /expected rows, got none \(map\)/);
    assert.throws(
      () => layerMap(rows, { ...words, audioAt: 4 }),
      /expected audioAt in 0\.\.3, got 4/,
    );
    assert.throws(
      () => layerMap([{ ...rows[0], token: 3 }], words),
      /expected tokens in 0\.\.2, got 3 \(baseline, layer 0, token 3\)/,
    );
    assert.throws(
      () => layerMap([{ ...rows[0], value: Number.NaN }], words),
      /expected values of 0 or more, got NaN/,
    );
  });
});
