interface FlacParts {
  readonly channels: number;
  readonly blockSize: number;
  /** Subframes of one value each instead of every sample. */
  readonly isConstant?: boolean;
  readonly nFrames: number;
  /** What STREAMINFO says of the length; 0 is "unknown". */
  readonly promised?: number;
  readonly bits?: 8 | 16 | 24;
  /** Sample i of every channel, a whole number. */
  readonly sampleAt?: (i: number) => number;
}

/** How a frame's header names a depth. */
const depths = { 8: 1, 16: 4, 24: 6 } as const;

/**
 * A FLAC file at 48 kHz without compression (RFC 9639), for sizes that no
 * fixture should have. It has 16 bits, and sample i of every block and channel
 * is (i % 256) * 64 or 0, unless told.
 */
export function makeFlac(parts: FlacParts): Uint8Array {
  const { bits = 16, blockSize, channels, nFrames } = parts;
  const frames = Array.from({ length: nFrames }, (_, i) => frame(parts, i));
  const info = new Uint8Array(42);
  const view = new DataView(info.buffer);
  info.set(new TextEncoder().encode("fLaC"));
  info.set([0x80, 0, 0, 34], 4); // the last metadata block
  view.setUint16(8, blockSize);
  view.setUint16(10, blockSize);
  const depth = (bits - 1) << 4;
  view.setUint32(18, (48_000 << 12) | ((channels - 1) << 9) | depth);
  view.setUint32(22, parts.promised ?? nFrames * blockSize);
  const length = frames.reduce((sum, { length }) => sum + length, info.length);
  const file = new Uint8Array(length);
  file.set(info);
  let at = info.length;
  for (const bytes of frames) {
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}

function frame(parts: FlacParts, index: number): Uint8Array {
  const { bits = 16, blockSize, channels, isConstant } = parts;
  const { sampleAt = (i: number) => ((i % blockSize) % 256) * 64 } = parts;
  const width = bits / 8;
  // 16 bits of size follow; 48 kHz.
  const head = [0xff, 0xf8, 0x7a, ((channels - 1) << 4) | (depths[bits] << 1)];
  head.push(...coded(index), (blockSize - 1) >> 8, (blockSize - 1) & 0xff);
  head.push(crc(head, { bits: 8, polynomial: 0x07 }));
  const subframe = 1 + width * (isConstant ? 1 : blockSize);
  const bytes = new Uint8Array(head.length + channels * subframe + 2);
  bytes.set(head);
  for (let c = 0, at = head.length; c < channels; c++, at += subframe) {
    bytes[at] = isConstant ? 0 : 2;
    for (let i = 0; !isConstant && i < blockSize; i++) {
      const sample = sampleAt(index * blockSize + i);
      for (let byte = 0; byte < width; byte++) {
        bytes[at + 1 + width * i + byte] = sample >> (bits - 8 - 8 * byte);
      }
    }
  }
  const sum = crc(bytes.subarray(0, -2), { bits: 16, polynomial: 0x8005 });
  new DataView(bytes.buffer).setUint16(bytes.length - 2, sum);
  return bytes;
}

/** A frame's number, written as UTF-8 writes a character. */
function coded(index: number): number[] {
  if (index < 0x80) return [index];
  if (index < 0x800) return [0xc0 | (index >> 6), 0x80 | (index & 0x3f)];
  return [
    0xe0 | (index >> 12),
    0x80 | ((index >> 6) & 0x3f),
    0x80 | (index & 0x3f),
  ];
}

function crc(
  bytes: ArrayLike<number>,
  { bits, polynomial }: { readonly bits: number; readonly polynomial: number },
): number {
  const top = 1 << (bits - 1);
  const mask = 2 ** bits - 1;
  let sum = 0;
  for (let i = 0; i < bytes.length; i++) {
    sum ^= bytes[i] << (bits - 8);
    for (let bit = 0; bit < 8; bit++) {
      sum = sum & top ? ((sum << 1) ^ polynomial) & mask : (sum << 1) & mask;
    }
  }
  return sum;
}
