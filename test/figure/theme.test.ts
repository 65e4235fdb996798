import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { designColors, heat } from "../../lib/figure/theme.ts";

type Triple = readonly [number, number, number];

function linear(hex: string): Triple {
  const channel = (from: number) => {
    const value = Number.parseInt(hex.slice(from, from + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [channel(1), channel(3), channel(5)];
}

function luminance(hex: string): number {
  const [r, g, b] = linear(hex);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Oklab (B. Ottosson, 2020): distances are about what the eye sees. */
function oklab([r, g, b]: Triple): Triple {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

/** G. Machado and others, 2009, severity 1.0. */
const sights: Record<string, readonly Triple[]> = {
  "full color sight": [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

function seen(hex: string, sight: readonly Triple[]): Triple {
  const color = linear(hex);
  const [r, g, b] = sight.map((row) =>
    Math.max(
      0,
      row.reduce((sum, weight, i) => sum + weight * color[i], 0),
    ),
  );
  return oklab([r, g, b]);
}

describe("the palette of designs", () => {
  for (const [name, sight] of Object.entries(sights)) {
    it(`keeps every pair of colors apart for ${name}`, () => {
      const colors = Object.values(designColors);
      for (const [i, one] of colors.entries()) {
        for (const other of colors.slice(i + 1)) {
          const [a, b] = [seen(one, sight), seen(other, sight)];
          const distance = Math.hypot(...a.map((x, axis) => x - b[axis]));
          assert.ok(distance > 0.1, `${one} and ${other}: ${distance}`);
        }
      }
    });
  }

  it("has a contrast of at least 3 to white", () => {
    for (const color of Object.values(designColors)) {
      assert.ok(1.05 / (luminance(color) + 0.05) >= 3, color);
    }
  });
});

describe("the heatmap's colors", () => {
  it("grow darker all the way", () => {
    const lights = heat.map(([, color]) => luminance(color));
    for (const [i, light] of lights.slice(1).entries()) {
      assert.ok(light < lights[i]);
    }
  });
});
