interface WavParts {
  readonly sampleRate?: number;
  readonly channels?: number;
  readonly bits?: 8 | 16 | 24 | 32 | 64;
  /** 1 integer, 3 float. */
  readonly coding?: number;
  /** What the data chunk says of its size, if not the truth. */
  readonly promised?: number;
}

/** A WAV file from interleaved samples in -1..1. */
export function makeWav(
  samples: ArrayLike<number>,
  {
    bits = 16,
    channels = 1,
    coding = 1,
    promised,
    sampleRate = 16_000,
  }: WavParts = {},
): Uint8Array {
  const width = bits / 8;
  const bytes = new Uint8Array(44 + samples.length * width);
  const view = new DataView(bytes.buffer);
  const tag = (at: number, text: string) =>
    bytes.set(new TextEncoder().encode(text), at);
  tag(0, "RIFF");
  view.setUint32(4, 36 + samples.length * width, true);
  tag(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, coding, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, sampleRate * channels * width, true);
  view.setUint16(32, channels * width, true);
  view.setUint16(34, bits, true);
  tag(36, "data");
  view.setUint32(40, promised ?? samples.length * width, true);
  for (let i = 0, at = 44; i < samples.length; i++, at += width) {
    write(view, at, samples[i], coding === 3 ? -bits : bits);
  }
  return bytes;
}

function write(view: DataView, at: number, sample: number, kind: number) {
  const whole = Math.round(sample * 2 ** (kind - 1));
  const most = 2 ** (kind - 1) - 1;
  const clipped = Math.min(whole, most);
  if (kind === -32) view.setFloat32(at, sample, true);
  else if (kind === -64) view.setFloat64(at, sample, true);
  else if (kind === 8) view.setUint8(at, clipped + 128);
  else if (kind === 16) view.setInt16(at, clipped, true);
  else if (kind === 32) view.setInt32(at, clipped, true);
  else {
    view.setUint16(at, clipped & 0xffff, true);
    view.setInt8(at + 2, clipped >> 16);
  }
}
