import type { Encoder, Grid } from "../../encoder/encoder.ts";
import { type Features, featuresInMemory } from "../../features/features.ts";
import { pause } from "../../train/fit.ts";
import type { WorkOptions } from "../../train/training.ts";
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
  { onStep, signal }: WorkOptions = {},
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

/** Clips in memory as training and evaluation read them, by their names. */
export function featuresOfClips(clips: EncodedClips): Features {
  const { encoder: name, features, grid, plans, width } = clips;
  const audio = plans.map((plan) => plan.name);
  return featuresInMemory([
    { encoder: { name, grid, width }, audio, features },
  ]);
}
