import { crc32, deflateSync } from "node:zlib";

/** Opaque pixels, row by row: red, green, blue and an unused fourth byte. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array | Uint8ClampedArray;
}

/**
 * Encodes a picture with at most 256 colors as PNG, one byte a pixel.
 *
 * A figure has few colors and their blends: a palette makes it a third of the
 * size, and notebooks stay small. More colors than that are brought together.
 */
export function indexedPng(
  { width, height, pixels }: Pixels,
  nColors = 256,
): Uint8Array {
  const counts = countColors(pixels);
  const boxes = split([...counts.keys()], nColors);
  const indices = new Map<number, number>();
  const palette = new Uint8Array(3 * boxes.length);
  boxes.forEach((box, index) => {
    for (const color of box) indices.set(color, index);
    const shown = mostFrequent(box, counts);
    palette.set([shown >> 16, (shown >> 8) & 255, shown & 255], 3 * index);
  });

  // Each row begins with its filter: 0, the bytes as they are.
  const rows = new Uint8Array(height * (width + 1));
  for (let y = 0, from = 0; y < height; y++) {
    const to = y * (width + 1) + 1;
    for (let x = 0; x < width; x++, from += 4) {
      rows[to + x] = indices.get(colorAt(pixels, from)) ?? 0;
    }
  }
  return Buffer.concat([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk("IHDR", header(width, height)),
    chunk("PLTE", palette),
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND", new Uint8Array()),
  ]);
}

function colorAt(pixels: Pixels["pixels"], at: number): number {
  return (pixels[at] << 16) | (pixels[at + 1] << 8) | pixels[at + 2];
}

function countColors(pixels: Pixels["pixels"]): Map<number, number> {
  const counts = new Map<number, number>();
  for (let at = 0; at < pixels.length; at += 4) {
    const color = colorAt(pixels, at);
    counts.set(color, (counts.get(color) ?? 0) + 1);
  }
  return counts;
}

interface Box {
  readonly colors: readonly number[];
  /** Bits to shift to reach the channel in which the colors differ most. */
  readonly shift: number;
  readonly lowest: number;
  readonly spread: number;
}

/** Halves the box whose colors differ most, until the palette is full. */
function split(colors: readonly number[], most: number): (readonly number[])[] {
  if (colors.length <= most) return colors.map((color) => [color]);
  const boxes = [measured(colors)];
  while (boxes.length < most) {
    const at = boxes.reduce(
      (widest, box, i) => (box.spread > boxes[widest].spread ? i : widest),
      0,
    );
    const { colors, shift, lowest, spread } = boxes[at];
    const middle = lowest + spread / 2;
    const isLow = (color: number) => ((color >> shift) & 255) < middle;
    boxes[at] = measured(colors.filter(isLow));
    boxes.push(measured(colors.filter((color) => !isLow(color))));
  }
  return boxes.map((box) => box.colors);
}

function measured(colors: readonly number[]): Box {
  let widest: Box = { colors, shift: 0, lowest: 0, spread: -1 };
  for (const shift of [16, 8, 0]) {
    let lowest = 255;
    let highest = 0;
    for (const color of colors) {
      const value = (color >> shift) & 255;
      if (value < lowest) lowest = value;
      if (value > highest) highest = value;
    }
    const spread = highest - lowest;
    if (spread > widest.spread) widest = { colors, shift, lowest, spread };
  }
  return widest;
}

/** Frequent colors keep their exact value: white stays white. */
function mostFrequent(
  colors: readonly number[],
  counts: ReadonlyMap<number, number>,
): number {
  return colors.reduce((best, color) =>
    (counts.get(color) ?? 0) > (counts.get(best) ?? 0) ? color : best,
  );
}

/** Size, eight bits a pixel, color type 3: a palette. */
function header(width: number, height: number): Uint8Array {
  const bytes = new Uint8Array(13);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  bytes.set([8, 3, 0, 0, 0], 8);
  return bytes;
}

function chunk(type: string, content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + content.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, content.length);
  bytes.set(Buffer.from(type, "latin1"), 4);
  bytes.set(content, 8);
  view.setUint32(8 + content.length, crc32(bytes.subarray(4, -4)));
  return bytes;
}
