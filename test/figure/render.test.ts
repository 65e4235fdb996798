import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { loadImage } from "@napi-rs/canvas";
import { JSDOM } from "jsdom";
import { renderFigure } from "../../lib/figure/render/render.ts";
import { everyKind } from "./examples.ts";
import { allHashes, hashesOf } from "./hashes.ts";
import { arimo, type Box, dejaVu, textBoxes } from "./svg-boxes.ts";

const figures = everyKind();
const root = fileURLToPath(new URL("../..", import.meta.url));

/** What a fresh process prints, in another time zone and language. */
function fromAnotherProcess(...args: string[]): string {
  return execFileSync(process.execPath, ["--import", "tsx", ...args], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, TZ: "Pacific/Auckland", LANG: "de_DE.UTF-8" },
  });
}

describe("renderFigure", () => {
  const once = allHashes();

  it("gives the same bytes twice, in any order, in any process", async () => {
    const forward = await once;
    const backward: string[][] = [];
    for (const figure of figures.toReversed()) {
      backward.unshift(await hashesOf(figure));
    }
    assert.deepEqual(backward, forward);
    const printed = fromAnotherProcess("test/figure/hashes.ts", "print");
    assert.deepEqual(JSON.parse(printed), forward);
  });

  it("gives the same bytes when asked for several at once", async () => {
    const together = await Promise.all(figures.map(hashesOf));
    assert.deepEqual(together, await once);
  });

  it("leaves the figure as it was", async () => {
    const before = JSON.stringify(figures[0]);
    await renderFigure(figures[0]);
    assert.equal(JSON.stringify(figures[0]), before);
  });

  it("refuses what needs WebGL, which would be missing in silence", async () => {
    for (const type of ["scattergl", "scatter3d", "surface"] as const) {
      await assert.rejects(renderFigure({ ...figures[0], data: [{ type }] }), {
        name: "RangeError",
        message:
          "renderFigure: expected traces that need no WebGL, " +
          `got "${type}" (figure "scores")`,
      });
    }
  });

  it("says which figure failed, and goes on with the next", async () => {
    const layout = { annotations: [{ text: () => "no data" }] };
    const bad = { ...figures[0], layout: layout as object };
    const [failed, next] = await Promise.allSettled([
      renderFigure(bad),
      renderFigure(figures[0]),
    ]);
    assert.match(
      String(failed.status === "rejected" && failed.reason),
      /expected data that plotly can draw, got ".*could not be cloned.*scores/,
    );
    assert.equal(next.status, "fulfilled");
  });

  it("loads jsdom and plotly with the first figure, not before", () => {
    const loaded = fromAnotherProcess(
      "--eval",
      'import("./lib/display/show.ts").then(() => ' +
        'console.log(Object.keys(require.cache).join("\\n")))',
    );
    assert.doesNotMatch(loaded, /jsdom|plotly|canvas|resvg|svgo/);
  });
});

for (const figure of figures) {
  describe(`the files of "${figure.name}"`, () => {
    const rendered = renderFigure(figure);

    it("are well-formed XML that needs nothing else", async () => {
      const { svg } = await rendered;
      const { document } = new JSDOM(svg, {
        contentType: "image/svg+xml",
      }).window;
      assert.equal(document.documentElement.tagName, "svg");
      assert.equal(document.querySelector("title")?.textContent, figure.title);
      assert.equal(document.querySelector("desc")?.textContent, figure.alt);
      assert.equal(document.querySelector("script, foreignObject"), null);
      for (const image of document.querySelectorAll("image")) {
        assert.match(
          image.getAttribute("xlink:href") ?? "",
          /^data:image\/png/,
        );
      }
      for (const [, id] of svg.matchAll(/url\(#([^)]+)\)/g)) {
        assert.ok(document.getElementById(id), `id ${id}`);
      }
      assert.doesNotMatch(svg, /NaN|Infinity|undefined/);
    });

    it("are small", async () => {
      const { svg, png } = await rendered;
      assert.ok(svg.length < 64_000, `SVG: ${svg.length} bytes`);
      assert.ok(png.length < 60_000, `PNG: ${png.length} bytes`);
    });

    it("have the letters' font in the SVG, which needs no other", async () => {
      const { svg } = await rendered;
      const faces = [...svg.matchAll(/@font-face\{(.*?)url\((.*?)\)\}/g)];
      assert.equal(faces.length, 2);
      for (const [, , url] of faces) {
        assert.match(url, /^data:font\/woff2;base64,d09GMg/); // "wOF2"
      }
    });

    it("have two pixels for each of the figure's", async () => {
      const { png } = await rendered;
      const { width, height } = await loadImage(png);
      assert.equal(width, 2 * (figure.width ?? 0));
      assert.equal(height, 2 * (figure.height ?? 0));
    });

    for (const fonts of "svg" in figure ? [arimo] : [arimo, dejaVu]) {
      it(`show every text whole and alone in ${fonts.family}`, async () => {
        const { svg, width, height } = await rendered;
        const boxes = textBoxes(svg, fonts);
        assert.ok(boxes.length > 8);
        for (const box of boxes) {
          const isInside =
            box.left >= 4 &&
            box.top >= 4 &&
            box.right <= width - 4 &&
            box.bottom <= height - 4;
          assert.ok(isInside, JSON.stringify(box));
        }
        for (const [i, box] of boxes.entries()) {
          for (const other of boxes.slice(i + 1)) {
            assert.ok(!overlap(box, other), JSON.stringify([box, other]));
          }
        }
      });
    }

    it("leave the strip free in which a live page puts its buttons", async () => {
      const boxes = textBoxes((await rendered).svg, dejaVu);
      const highest = Math.min(...boxes.map(({ top }) => top));
      assert.ok(highest >= buttonsEnd, `${highest}`);
    });
  });
}

/** Plotly's buttons end here, in CSS pixels from the figure's top. */
const buttonsEnd = 26;

/** Nearer to each other on a line than this, two texts read as one. */
function distanceOf({ bottom, left, right, top }: Box): number {
  return right - left > bottom - top ? 4 : 0;
}

function overlap(a: Box, b: Box): boolean {
  const apart = Math.min(distanceOf(a), distanceOf(b));
  return (
    a.left < b.right + apart &&
    b.left < a.right + apart &&
    a.top < b.bottom &&
    b.top < a.bottom
  );
}
