interface Format {
  readonly bits: 8 | 16 | 32;
  /** 1 integer, 3 float. */
  readonly coding: 1 | 3;
}

const [sampleRate, length] = [8000, 800];

/** A tenth of a second of a tone, as a WAV file. */
export function wav({ bits, coding }: Format): Uint8Array {
  const width = bits / 8;
  const file = Buffer.alloc(44 + length * width);
  file.write("RIFF", 0, "latin1");
  file.writeUInt32LE(file.length - 8, 4);
  file.write("WAVEfmt ", 8, "latin1");
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(coding, 20);
  file.writeUInt16LE(1, 22); // channels
  file.writeUInt32LE(sampleRate, 24);
  file.writeUInt32LE(sampleRate * width, 28);
  file.writeUInt16LE(width, 32);
  file.writeUInt16LE(bits, 34);
  file.write("data", 36, "latin1");
  file.writeUInt32LE(length * width, 40);
  for (let i = 0; i < length; i++) {
    const value = 0.5 * Math.sin((2 * Math.PI * 440 * i) / sampleRate);
    const at = 44 + i * width;
    if (coding === 3) file.writeFloatLE(value, at);
    else if (bits === 8) file.writeUInt8(Math.round(128 + 127 * value), at);
    else file.writeIntLE(Math.round(value * 2 ** (bits - 1)), at, width);
  }
  return file;
}
