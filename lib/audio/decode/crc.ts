/** Which of the many cyclic redundancy checks a format uses. */
interface CrcKind {
  readonly bits: 8 | 16 | 32;
  readonly polynomial: number;
  /** Bits are taken from the lowest up. */
  readonly isReflected?: boolean;
}

/** The sum of `bytes` from `start` to `end`, going on from `sum`. */
export type Crc = (
  bytes: Uint8Array,
  range: { readonly start: number; readonly end: number },
  sum?: number,
) => number;

/** A check by table, a byte at a time. */
function crc(kind: CrcKind): Crc {
  const { bits, isReflected } = kind;
  const table = tableOf(kind);
  const shift = bits - 8;
  const mask = bits === 32 ? -1 : 2 ** bits - 1;
  const up: Crc = (bytes, { start, end }, sum = 0) => {
    for (let i = start; i < end; i++) {
      sum = (table[((sum >>> shift) ^ bytes[i]) & 255] ^ (sum << 8)) & mask;
    }
    return sum >>> 0;
  };
  const down: Crc = (bytes, { start, end }, sum = 0) => {
    for (let i = start; i < end; i++) {
      sum = table[(sum ^ bytes[i]) & 255] ^ (sum >>> 8);
    }
    return sum >>> 0;
  };
  return isReflected ? down : up;
}

function tableOf({ bits, isReflected, polynomial }: CrcKind): Int32Array {
  const top = 1 << (bits - 1);
  return Int32Array.from({ length: 256 }, (_, byte) => {
    let sum = isReflected ? byte : byte << (bits - 8);
    for (let bit = 0; bit < 8; bit++) {
      sum = isReflected
        ? (sum >>> 1) ^ (sum & 1 ? polynomial : 0)
        : (sum << 1) ^ (sum & top ? polynomial : 0);
    }
    return sum;
  });
}

/** Of Ogg pages (RFC 3533). */
export const crc32 = crc({ bits: 32, polynomial: 0x04c1_1db7 });
/** Of FLAC frames (RFC 9639), and of MP3 frames, which start at 0xffff. */
export const crc16 = crc({ bits: 16, polynomial: 0x8005 });
/** Of FLAC frames' headers. */
export const crc8 = crc({ bits: 8, polynomial: 0x07 });
/** Of LAME's tag and what it says of the frames after it. */
export const crc16Lame = crc({
  bits: 16,
  polynomial: 0xa001,
  isReflected: true,
});
