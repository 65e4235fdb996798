import type { AudioFormat } from "./header.ts";
import { tagAt } from "./header.ts";
import { id3Length } from "./mp3-frames.ts";
import { findMp3 } from "./mp3-header.ts";

export type Container = "wav" | "flac" | "mp3" | "ogg";

/** Contents that are met under an audio file's name, for a clear refusal. */
const others: readonly (readonly [at: number, tag: string, name: string])[] = [
  [0, "FORM", "AIFF"],
  [4, "ftyp", "MP4 (AAC)"],
  [0, "\x1aE\xdf\xa3", "Matroska or WebM"],
  [0, "0&\xb2u", "Windows Media"],
  [0, "#!AMR", "AMR"],
  [0, "MThd", "MIDI"],
  [0, "PK\x03\x04", "a zip archive"],
  [0, "\x1f\x8b", "a gzip archive"],
  [0, "%PDF", "a PDF"],
  [0, "\x89PNG", "a PNG picture"],
  [0, "\xff\xd8\xff", "a JPEG picture"],
  [0, "version https://git-lfs", "a Git LFS pointer, not the file itself"],
];

/**
 * What the content is; a name in words where it is nothing we decode.
 *
 * Ours: file-type 22.3.0 and audio-type 2.8.0 miss RF64 and an MP3 behind
 * padding, take four bytes for an MP3, and file-type refuses 21 of 398 damaged
 * MP3 files that decode.
 */
export function sniff(
  bytes: Uint8Array,
): { readonly container: Container } | { readonly other: string } {
  const riff = tagAt(bytes, 0);
  if ((riff === "RIFF" || riff === "RF64") && tagAt(bytes, 8) === "WAVE") {
    return { container: "wav" };
  }
  if (riff === "OggS") return { container: "ogg" };
  const start = id3Length(bytes);
  if (tagAt(bytes, start) === "fLaC") return { container: "flac" };
  const known = others.find(
    ([at, tag]) => tagAt(bytes, at, tag.length) === tag,
  );
  if (known) return { other: known[2] };
  if (/^\s*<(!doctype|html|\?xml)/i.test(tagAt(bytes, 0, 64))) {
    return { other: "an HTML or XML page" };
  }
  if (findMp3(bytes, start) !== undefined) return { container: "mp3" };
  const head = [...bytes.subarray(0, 8)].map((b) =>
    b.toString(16).padStart(2, "0"),
  );
  return { other: `bytes ${head.join(" ")}` };
}

/** Formats that a file's ending promises. */
const endings: Readonly<Record<string, readonly AudioFormat[]>> = {
  wav: ["wav"],
  wave: ["wav"],
  flac: ["flac"],
  mp3: ["mp3"],
  ogg: ["ogg-vorbis", "ogg-opus", "ogg-flac"],
  oga: ["ogg-vorbis", "ogg-opus", "ogg-flac"],
  opus: ["ogg-opus"],
};

/** Whether a file's name is one that sounds have; its content may differ. */
export function isSoundName(name: string): boolean {
  return Object.hasOwn(endings, endingOf(name) ?? "");
}

const endingOf = (name: string) =>
  /\.([a-z0-9]+)$/i.exec(name)?.[1].toLowerCase();

/** A line for a file whose ending promises something else, or undefined. */
export function mislabelled(
  name: string,
  format: AudioFormat,
): string | undefined {
  const ending = endingOf(name);
  if (ending === undefined || endings[ending]?.includes(format)) {
    return undefined;
  }
  return `named .${ending}, but holds ${format}; decoded as ${format}`;
}
