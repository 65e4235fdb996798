/** What a file's content is, whatever its name says. */
export type AudioFormat =
  | "wav"
  | "flac"
  | "mp3"
  | "ogg-vorbis"
  | "ogg-opus"
  | "ogg-flac";

/** A place where a file is not as its encoder wrote it. */
export interface Damage {
  readonly at: number; // byte
  readonly what: string;
  /** The file ends here, too early. */
  readonly isEnd?: boolean;
}

/**
 * What can be told before a sample is decoded.
 *
 * Read by us, since a file cut short must be told from a whole one. Cut to two
 * thirds, music-metadata 12.1.0 throws on Vorbis, counts -312 samples in Opus
 * and 0 in FLAC in Ogg; codec-parser 2.5.0 passes over an MP3's cut frame in
 * silence, and takes 100 ms for 2.4 MB where we take 2.
 */
export interface AudioHeader {
  readonly format: AudioFormat;
  readonly sampleRate: number; // Hz
  readonly channels: number;
  /** Samples in each channel, where the file tells. */
  readonly nSamples?: number;
  /** What shows that the file ends too early. */
  readonly cutShort?: string;
  /** The first damage that was seen without decoding. */
  readonly damage?: Damage;
}

/** Big- and little-endian numbers of a file, by offset. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Four bytes as a tag, such as `RIFF`; shorter at the end of the file. */
export function tagAt(bytes: Uint8Array, at: number, length = 4): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}

/** The error of a file whose header is not whole or not plausible. */
export function badHeader(expected: string, got: string): RangeError {
  return new RangeError(`decodeAudio: expected ${expected}, got ${got}`);
}
