import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createCanvas, GlobalFonts } from "@napi-rs/canvas";
import {
  balancedLines,
  literal,
  roomFor,
  textWidth,
  wrapText,
} from "../../lib/figure/text.ts";
import { dejaVu } from "./svg-boxes.ts";

const style = { size: 18, bold: true };
const claim =
  "Delayed fusion hears nine points more than the baseline on a SoundFont " +
  "that neither of them was trained on";

describe("textWidth", () => {
  // Arial's widths in 1/2048 em: A 1366, i 455 (its hmtx table).
  it("gives the widths of Arial", () => {
    assert.ok(Math.abs(textWidth("A", { size: 2048 }) - 1366) <= 1);
    assert.ok(Math.abs(textWidth("i", { size: 2048 }) - 455) <= 1);
  });

  it("grows with the size and with bold type", () => {
    const regular = textWidth(claim, { size: 10 });
    assert.ok(Math.abs(textWidth(claim, { size: 20 }) - 2 * regular) < 1);
    assert.ok(textWidth(claim, { size: 10, bold: true }) > regular);
  });
});

describe("roomFor", () => {
  it("is enough for words in DejaVu Sans, regular and bold", () => {
    for (const [i, bold] of [false, true].entries()) {
      GlobalFonts.registerFromPath(dejaVu.files[i], `wide ${i}`);
      const drawing = createCanvas(1, 1).getContext("2d");
      drawing.font = `18px "wide ${i}"`;
      for (const text of [
        claim,
        "attention: projections",
        "12.5 % of 64 clips",
      ]) {
        const wide = drawing.measureText(text).width;
        assert.ok(wide <= roomFor(text, { size: 18, bold }), text);
        assert.ok(wide > textWidth(text, { size: 18, bold }), text);
      }
    }
  });
});

for (const wrap of [wrapText, balancedLines]) {
  describe(wrap.name, () => {
    it("keeps every word and every line within the width", () => {
      for (const width of [150, 300, 688]) {
        const lines = wrap(claim, width, style);
        assert.equal(lines.join(" "), claim);
        for (const line of lines) assert.ok(textWidth(line, style) <= width);
      }
    });

    it("gives no line for no text", () => {
      assert.deepEqual(wrap("  ", 100, style), []);
    });

    it("keeps a number and its percent sign on one line", () => {
      const claim = "chance is 4.8 % of all";
      for (let width = 10; width < 200; width += 5) {
        const lines = wrap(claim, width, style);
        assert.equal(lines.join(" "), claim);
        assert.ok(lines.every((line) => !line.startsWith("%")));
      }
    });

    it("leaves a word that is too long in one piece", () => {
      assert.deepEqual(wrap("a extraordinarily b", 30, style), [
        "a",
        "extraordinarily",
        "b",
      ]);
    });
  });
}

describe("balancedLines", () => {
  it("has as few lines as fit, and no short last one", () => {
    const plain = wrapText(claim, 688, style);
    const balanced = balancedLines(claim, 688, style);
    assert.equal(balanced.length, plain.length);
    const shortest = (lines: readonly string[]) =>
      Math.min(...lines.map((line) => textWidth(line, style)));
    assert.ok(shortest(balanced) > shortest(plain));
  });
});

describe("literal", () => {
  it("takes the meaning from plotly's tags and entities", () => {
    assert.equal(
      literal("<b>a</b> & &lt;"),
      "&lt;b&gt;a&lt;/b&gt; &amp; &amp;lt;",
    );
  });
});
