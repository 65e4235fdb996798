import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { readSoundfont, type Soundfont } from "../audio/soundfont.ts";

export type { Soundfont } from "../audio/soundfont.ts";

/** A SoundFont as its manifest describes it. */
export interface SoundfontEntry {
  readonly name: string;
  readonly title: string;
  /** Path in the package. */
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly license: string;
  readonly copyright: string;
  /** SoundFonts made from the same recordings, by name. */
  readonly sharesSamplesWith: readonly string[];
}

export interface SoundfontManifest {
  readonly name: string;
  readonly package: { readonly name: string; readonly version: string };
  readonly soundfonts: readonly SoundfontEntry[];
}

/** Reads a manifest of SoundFonts from a JSON file. */
export function readSoundfontManifest(path: string): SoundfontManifest {
  let manifest: SoundfontManifest;
  try {
    manifest = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new Error(
      `readSoundfontManifest: expected a JSON file, got none at ${path}`,
      { cause },
    );
  }
  const names = manifest.soundfonts?.map((entry) => entry.name);
  if (!names?.length || !manifest.package?.name) {
    throw new TypeError(
      `readSoundfontManifest: expected fields "package" and "soundfonts", ` +
        `got ${Object.keys(manifest).join(", ")} (${path})`,
    );
  }
  return manifest;
}

/** Opens every SoundFont of a manifest and checks that it is the one meant. */
export function openSoundfonts(manifest: SoundfontManifest): Soundfont[] {
  return manifest.soundfonts.map(({ name }) => openSoundfont(manifest, name));
}

/**
 * Opens one SoundFont of a manifest.
 *
 * @throws RangeError for a name that the manifest has not; Error where the
 * package that brings it is missing or holds another file
 */
export function openSoundfont(
  { package: { name, version }, soundfonts }: SoundfontManifest,
  wanted: string,
): Soundfont {
  const entry = soundfonts.find((font) => font.name === wanted);
  if (!entry) {
    throw new RangeError(
      `openSoundfont: expected ${soundfonts.map((font) => font.name).join(", ")}, ` +
        `got "${wanted}"`,
    );
  }
  const bytes = readFileSync(join(packageFolder(name, version), entry.file));
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (sha256 !== entry.sha256) {
    throw new Error(
      `openSoundfont: expected sha256 ${entry.sha256}, got ${sha256} ` +
        `(${entry.file}); install ${name} ${version} again`,
    );
  }
  return readSoundfont(entry.name, bytes);
}

function packageFolder(name: string, version: string): string {
  try {
    const require = createRequire(import.meta.url);
    return dirname(require.resolve(`${name}/package.json`));
  } catch (cause) {
    throw new Error(
      `openSoundfont: expected the npm package ${name} ${version}, ` +
        "got none; run npm install",
      { cause },
    );
  }
}

/**
 * Refuses a split that trains and tests on the same recordings.
 *
 * @param held - names of the SoundFonts that training must not hear
 */
export function checkSplit(
  manifest: SoundfontManifest,
  {
    trained,
    held,
  }: {
    readonly trained: readonly string[];
    readonly held: readonly string[];
  },
): void {
  for (const name of held) {
    const entry = manifest.soundfonts.find((font) => font.name === name);
    if (!entry) {
      throw new RangeError(`checkSplit: unknown soundfont "${name}"`);
    }
    const shared = [name, ...entry.sharesSamplesWith];
    const leak = trained.find((other) => shared.includes(other));
    if (leak) {
      throw new RangeError(
        `checkSplit: expected ${name} to share no samples with training, ` +
          `got ${leak}; hold out a soundfont of other recordings`,
      );
    }
  }
}
