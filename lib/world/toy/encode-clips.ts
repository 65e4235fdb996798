import type { Encoder, Grid } from "../../encoder/encoder.ts";
import { pause, type StageOptions } from "../../train/fit.ts";
import type { Soundfont } from "../soundfonts.ts";
import { type ClipPlan, renderClip } from "./clips.ts";

/** Clips as a frozen encoder heard them: plain data, ready to be kept. */
export interface EncodedClips {
  readonly encoder: string;
  readonly grid: Grid;
  readonly width: number;
  readonly plans: readonly ClipPlan[];
  /** Clip after clip, each as `Encoder.encode` returns it. */
  readonly features: Float32Array;
}

/**
 * Renders and encodes planned clips, each once; the waveforms are not kept.
 *
 * @param soundfonts - by name; the plans say which they need
 */
export async function encodeClips(
  plans: readonly ClipPlan[],
  {
    encoder,
    soundfonts,
  }: {
    readonly encoder: Encoder;
    readonly soundfonts: readonly Soundfont[];
  },
  { onStep, signal }: StageOptions = {},
): Promise<EncodedClips> {
  const { grid, name, width } = encoder;
  const size = grid.steps * grid.bands * width;
  const features = new Float32Array(plans.length * size);
  for (const [i, plan] of plans.entries()) {
    signal?.throwIfAborted();
    const soundfont = soundfonts.find((font) => font.name === plan.soundfont);
    if (!soundfont) {
      throw new RangeError(
        `encodeClips: expected soundfont "${plan.soundfont}", got ` +
          soundfonts.map((font) => font.name).join(", "),
      );
    }
    const { samples } = await renderClip(plan, soundfont);
    features.set(encoder.encode(samples), i * size);
    onStep?.({ step: i + 1, steps: plans.length });
    await pause();
  }
  return { encoder: name, grid, width, plans, features };
}

/** Features of some of the clips, one after another. */
export function pickFeatures(
  { features, grid, width }: EncodedClips,
  clips: readonly number[],
): Float32Array {
  const size = grid.steps * grid.bands * width;
  const picked = new Float32Array(clips.length * size);
  clips.forEach((clip, i) => {
    picked.set(features.subarray(clip * size, (clip + 1) * size), i * size);
  });
  return picked;
}
