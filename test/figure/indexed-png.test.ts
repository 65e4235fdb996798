import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createCanvas, loadImage } from "@napi-rs/canvas";
import { indexedPng } from "../../lib/figure/render/indexed-png.ts";
import { noise } from "./examples.ts";

/** What another program reads from the file. */
async function decoded(png: Uint8Array) {
  const image = await loadImage(png);
  const context = createCanvas(image.width, image.height).getContext("2d");
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, image.width, image.height);
  return { width: image.width, height: image.height, pixels: data };
}

function picture(width: number, height: number, color: () => number[]) {
  const pixels = new Uint8Array(4 * width * height);
  for (let at = 0; at < pixels.length; at += 4) {
    pixels.set([...color(), 255], at);
  }
  return { width, height, pixels };
}

describe("indexedPng", () => {
  it("keeps up to 256 colors exactly", async () => {
    let next = 0;
    const source = picture(32, 8, () => [next++ % 256, 40, 200]);
    const { width, height, pixels } = await decoded(indexedPng(source));
    assert.deepEqual([width, height], [32, 8]);
    assert.deepEqual([...pixels], [...source.pixels]);
  });

  it("brings more colors together, and keeps white white", async () => {
    const random = noise();
    let next = 0;
    const source = picture(80, 60, () =>
      next++ % 2
        ? [255, 255, 255]
        : [200 * random(), 100 * random(), 255 * random()].map(Math.floor),
    );
    const { pixels } = await decoded(indexedPng(source));
    for (let at = 0; at < pixels.length; at++) {
      const error = Math.abs(pixels[at] - source.pixels[at]);
      assert.ok(error <= 48, `byte ${at}: off by ${error}`);
    }
    assert.deepEqual([...pixels.subarray(4, 8)], [255, 255, 255, 255]);
  });

  it("takes as few colors as are asked for", async () => {
    const random = noise();
    const source = picture(40, 40, () =>
      [1, 2, 3].map(() => Math.floor(256 * random())),
    );
    const { pixels } = await decoded(indexedPng(source, 64));
    const words = new Uint32Array(pixels.buffer);
    assert.equal(new Set(words).size, 64);
  });

  it("gives the same bytes twice", () => {
    const source = picture(20, 20, noiseColor());
    assert.deepEqual(indexedPng(source), indexedPng(source));
  });
});

function noiseColor() {
  const random = noise();
  return () => [1, 2, 3].map(() => Math.floor(256 * random()));
}
