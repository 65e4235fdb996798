import { join } from "node:path";
import {
  openSoundfonts,
  readSoundfontManifest,
  type Soundfont,
} from "../lib/world/soundfonts.ts";

export const manifestPath = join(
  import.meta.dirname,
  "../data-manifests/soundfonts.json",
);

let opened: readonly Soundfont[] | undefined;

/** All SoundFonts of the manifest, opened once for each test process. */
export function allSoundfonts(): readonly Soundfont[] {
  opened ??= openSoundfonts(readSoundfontManifest(manifestPath));
  return opened;
}

/** The held-out SoundFont, the smallest of them. */
export function tim(): Soundfont {
  return allSoundfonts().find((font) => font.name === "TimGM6mb")!;
}
