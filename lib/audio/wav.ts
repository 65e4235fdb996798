/**
 * A 16-bit WAV file of one channel.
 *
 * @param samples - from -1 to 1; what is beyond is cut
 * @param sampleRate - Hz
 */
export function encodeWav(
  samples: Float32Array,
  sampleRate: number,
): Uint8Array {
  const headerLength = 44;
  const dataLength = 2 * samples.length;
  const bytes = new Uint8Array(headerLength + dataLength);
  const view = new DataView(bytes.buffer);
  const text = (at: number, word: string) =>
    bytes.set(new TextEncoder().encode(word), at);

  text(0, "RIFF");
  view.setUint32(4, headerLength - 8 + dataLength, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true); // bytes of the format
  view.setUint16(20, 1, true); // whole numbers
  view.setUint16(22, 1, true); // one channel
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, 2 * sampleRate, true); // bytes per second
  view.setUint16(32, 2, true); // bytes per sample
  view.setUint16(34, 16, true); // bits per sample
  text(36, "data");
  view.setUint32(40, dataLength, true);
  samples.forEach((sample, i) => {
    const cut = Math.max(-1, Math.min(1, sample));
    view.setInt16(headerLength + 2 * i, Math.round(32767 * cut), true);
  });
  return bytes;
}
