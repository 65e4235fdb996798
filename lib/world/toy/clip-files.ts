import { createHash } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Soundfont } from "../../audio/soundfont.ts";
import { encodeWav } from "../../audio/wav.ts";
import { writeWhole } from "../../files/atomic.ts";
import { type ClipOptions, type ClipPlan, renderClip } from "./clips.ts";

export interface ClipFileOptions {
  /** By name; the plans say which they need. */
  readonly soundfonts: readonly Soundfont[];
  /** Made if it is not there. */
  readonly folder: string;
  readonly clips: ClipOptions;
  readonly signal?: AbortSignal;
  /** Called after each clip. */
  readonly onStep?: () => void;
}

/**
 * Renders planned clips to WAV files; those that are there already stay.
 *
 * A file's name is a hash of its plan, so another plan is another file, and
 * the files of an interrupted run are found again.
 *
 * @returns the files' paths, in the order of the plans
 */
export async function renderToFiles(
  plans: readonly ClipPlan[],
  { clips, folder, onStep, signal, soundfonts }: ClipFileOptions,
): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  const paths: string[] = [];
  for (const plan of plans) {
    signal?.throwIfAborted();
    const path = join(folder, `${hashOf({ plan, clips })}.wav`);
    if (!existsSync(path)) {
      const font = soundfontOf(plan, soundfonts);
      const { samples } = await renderClip(plan, font, clips);
      writeWhole(path, encodeWav(samples, clips.sampleRate));
    }
    paths.push(path);
    onStep?.();
  }
  return paths;
}

function hashOf(value: unknown): string {
  const hash = createHash("sha256").update(JSON.stringify(value));
  return hash.digest("hex").slice(0, 32);
}

function soundfontOf(
  { name, soundfont }: ClipPlan,
  soundfonts: readonly Soundfont[],
): Soundfont {
  const found = soundfonts.find((font) => font.name === soundfont);
  if (found) return found;
  throw new RangeError(
    `renderToFiles: expected soundfont "${soundfont}", got ` +
      `${soundfonts.map((font) => font.name).join(", ") || "none"} ` +
      `(clip ${name})`,
  );
}
