import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { designDiagram } from "../../../lib/figure/design/diagram.ts";
import { marksOf } from "../../../lib/figure/design/marks.ts";
import type { Style } from "../../../lib/figure/design/paint.ts";
import { placeDesign } from "../../../lib/figure/design/place.ts";
import type { DesignRow, LayerRow } from "../../../lib/figure/design/rows.ts";
import { designColors } from "../../../lib/figure/theme.ts";
import { fused, inStream } from "./examples.ts";

const words = { name: "designs", title: "A claim" };

const place = placeDesign({ left: 0, right: 120 }, 0, {
  nLayers: 16,
  layerHeight: 20,
});

/** Marks of a style in a design's diagram. */
function count(design: DesignRow, style: Style): number {
  return marksOf(design, place).filter((mark) => mark.style === style).length;
}

interface Line {
  readonly text: string;
  readonly y: number;
  readonly color: string;
}

function linesOf(designs: readonly DesignRow[]): Line[] {
  const { svg } = designDiagram(designs, words);
  const line = /<text x="[^"]+" y="([^"]+)".* fill="([^"]+)".*>(.*)<\/text>/g;
  return Array.from(svg.matchAll(line), ([, y, color, text]) => ({
    text,
    y: Number(y),
    color,
  }));
}

const texts = (designs: readonly DesignRow[]) =>
  linesOf(designs).map(({ text }) => text);

/** What is drawn, without words. */
const pathsOf = (svg: string) =>
  Array.from(svg.matchAll(/ d="([^"]+)"/g), ([, path]) => path);

function edited(row: DesignRow, edit: (row: LayerRow) => LayerRow): DesignRow {
  return { ...row, layers: row.layers.map(edit) };
}

describe("designDiagram", () => {
  it("draws a design the same whatever it is called", () => {
    const [one, other] = ["baseline", "attention-only"].map((name) =>
      designDiagram([{ ...fused, name }], words),
    );
    assert.ok(pathsOf(one.svg).length > 8);
    assert.deepEqual(pathsOf(one.svg), pathsOf(other.svg));
  });

  it("draws attention and FFN of text in every layer", () => {
    assert.equal(count(fused, "textAttention"), 16);
    assert.equal(count(fused, "textFfn"), 16);
  });

  it("draws what audio tokens pass through, and no more", () => {
    assert.equal(count(inStream, "audioAttention"), 16);
    assert.equal(count(inStream, "audioFfn"), 16);
    assert.equal(count(inStream, "dropped"), 0);
    assert.equal(count(fused, "audioAttention"), 12);
    assert.equal(count(fused, "audioFfn"), 0);
    assert.equal(count(fused, "dropped"), 12);
  });

  it("draws where audio leaves the stream again", () => {
    const window = edited(inStream, (row) =>
      row.layer < 12
        ? row
        : { ...row, inStream: "none", textHears: false, audioFfn: false },
    );
    assert.equal(count(window, "audioAttention"), 12);
    assert.equal(count(window, "dropped"), 1);
  });

  it("draws an arrow for each layer that hears and each that is fed", () => {
    assert.equal(count(inStream, "arrow"), 16 + 1);
    assert.equal(count(fused, "arrow"), 12 + 12);
    const deaf = edited(fused, (row) =>
      row.layer < 15 ? { ...row, textHears: false } : row,
    );
    assert.equal(count(deaf, "arrow"), 1 + 12);
  });

  it("draws what the layers' connectors have in common as one", () => {
    const parts = (design: DesignRow) => [
      count(design, "projection"),
      count(design, "crossAttention"),
      count(design, "encoder"),
    ];
    assert.deepEqual(parts(inStream), [1, 1, 1]);
    assert.deepEqual(parts(fused), [12, 12, 3]);
    assert.deepEqual(parts({ ...fused, connector: "shared" }), [12, 1, 3]);
    const same = edited(fused, (row) =>
      row.fresh === undefined ? row : { ...row, fresh: 0 },
    );
    assert.deepEqual(parts(same), [1, 1, 3]);
  });

  it("puts layer 0 at the bottom", () => {
    const lines = linesOf([fused]);
    const at = (layer: string) => lines.find(({ text }) => text === layer)?.y;
    assert.ok(Number(at("15")) < Number(at("0")));
  });

  it("names each design in its color, with what sets it apart", () => {
    const name = linesOf([inStream, fused]).find(
      ({ text }) => text === "baseline",
    );
    assert.equal(name?.color, designColors.baseline);
    assert.ok(texts([inStream, fused]).includes("fusionLayer: 0"));
  });

  it("says beside a design that is alone what its layers do", () => {
    assert.deepEqual(
      texts([fused]).filter((text) => /^(Layers|Text|Each|after)/.test(text)),
      [
        "Layers 0 to 3",
        "Text alone; the positions of the audio",
        "Layers 4 to 15",
        "Each layer is given audio tokens of its",
      ],
    );
    assert.ok(!texts([fused, fused]).some((text) => text.includes("Layers")));
  });

  it("says the same in words", () => {
    assert.equal(
      designDiagram([inStream], words).alt,
      "baseline, layers 0 to 15: Audio tokens pass through attention and " +
        "FFN; the text after them hears them.",
    );
  });

  it("draws and tells audio that a part before attention hears", () => {
    const crossed = edited(fused, ({ fresh, ...row }) => ({
      ...row,
      ...(fresh === undefined ? {} : { crosses: fresh }),
    }));
    assert.equal(count(crossed, "projection"), 12);
    assert.equal(count(crossed, "head"), 2 * 12);
    assert.equal(count(crossed, "audioAttention"), 0);
    assert.equal(count(crossed, "dropped"), 0);
    const sentence = texts([crossed]).join(" ");
    assert.match(sentence, /text hears them in a part before the layer's/);
  });

  it("reserves positions only in layers whose text leaves them out", () => {
    const shifted = edited(fused, (row) => ({
      ...row,
      hasGap: row.layer >= 4,
    }));
    const reserved = (row: DesignRow) =>
      marksOf(row, place)
        .filter(({ style }) => style === "reserved")
        .map(({ path }) => path);
    const [whole] = reserved(fused);
    const [upper, ...others] = reserved(shifted);
    assert.equal(others.length, 0);
    assert.notEqual(upper, whole);
    assert.match(
      texts([shifted]).join(" "),
      /Text alone, at positions without/,
    );
    assert.doesNotMatch(texts([shifted]).join(" "), /stay reserved/);
  });

  it("keeps all inside the plot, for few layers and many designs", () => {
    const short = { ...fused, layers: fused.layers.slice(0, 6) };
    for (const designs of [[short], Array(12).fill(fused)]) {
      const { height, svg } = designDiagram(designs, words);
      const top = Number(/translate\(16,(\d+)\)/.exec(svg)?.[1]);
      const [right, bottom] = [640 - 2 * 16, height - top - 16];
      const all = pathsOf(svg).join("");
      // One box at least for attention and FFN in each layer of each design.
      const nLayers = designs.reduce((n, one) => n + one.layers.length, 0);
      const nShapes = all.match(/M/g)?.length ?? 0;
      assert.ok(nShapes >= 2 * nLayers, `${nShapes} for ${nLayers} layers`);
      for (const [, x, y] of all.matchAll(/[ML]([-\d.]+),([-\d.]+)/g)) {
        assert.ok(Number(x) >= 0 && Number(x) <= right, `x ${x} of ${right}`);
        assert.ok(Number(y) >= 0 && Number(y) <= bottom, `y ${y}`);
      }
      for (const [, x] of all.matchAll(/H([-\d.]+)/g)) {
        assert.ok(Number(x) >= 0 && Number(x) <= right, `x ${x} of ${right}`);
      }
      for (const [, y] of all.matchAll(/V([-\d.]+)/g)) {
        assert.ok(Number(y) >= 0 && Number(y) <= bottom, `y ${y}`);
      }
    }
  });

  it("refuses what it cannot draw, and says which design", () => {
    const refuses = (designs: readonly DesignRow[], message: RegExp) =>
      assert.throws(() => designDiagram(designs, words), {
        name: "RangeError",
        message,
      });
    refuses([], /^designDiagram: expected designs, got none$/);
    refuses(
      [inStream, { ...fused, layers: fused.layers.slice(0, 6) }],
      /expected 16 layers in each design, got 6 \(design "attention-only"\)/,
    );
    refuses([{ ...fused, layers: [] }], /expected layers, got 0/);
    refuses(
      [{ ...fused, layers: fused.layers.toReversed() }],
      /expected layer 0, got layer 15/,
    );
    refuses([{ ...fused, encoders: [] }], /expected an encoder, got none/);
    refuses(
      [edited(fused, (row) => ({ ...row, textHears: false }))],
      /expected a layer in which text hears audio, got none/,
    );
  });
});
