import { join } from "node:path";
import { findRoot } from "../session/folders.ts";
import {
  openSoundfonts,
  readSoundfontManifest,
  type Soundfont,
} from "../world/soundfonts.ts";

/** The toy world's SoundFonts, by the manifest of this checkout. */
export function openToySoundfonts(): readonly Soundfont[] {
  const root = findRoot(import.meta.dirname);
  const manifest = join(root, "data-manifests", "soundfonts.json");
  return openSoundfonts(readSoundfontManifest(manifest));
}
