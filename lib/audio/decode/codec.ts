import type { AudioHeader, Damage } from "./header.ts";

/** Samples of every channel, as a decoder gives them. */
export interface Block {
  readonly channelData: readonly Float32Array[];
  readonly sampleRate: number; // Hz
  /** How much of the file has been read. */
  readonly at: number; // byte
}

/** Sound, or why there is none: damage is never skipped in silence. */
export type Piece = Block | Damage;

/** A file's sound, piece by piece; frees its decoder when left. */
export type Codec = (
  bytes: Uint8Array,
  header: AudioHeader,
) => AsyncGenerator<Piece>;

/** What a WebAssembly decoder answers. */
interface Answer {
  readonly channelData: readonly Float32Array[];
  readonly sampleRate: number;
  readonly errors?: readonly { readonly message: string }[];
}

/** The answer as pieces: what the decoder complains of is damage. */
export function* piecesOf(
  { channelData, errors = [], sampleRate }: Answer,
  { at, end }: { readonly at: number; readonly end: number },
): Generator<Piece> {
  for (const { message } of errors) yield { at, what: message };
  yield { channelData, sampleRate, at: end };
}
