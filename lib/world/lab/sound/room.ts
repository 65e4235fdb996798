import { type Random, random } from "../../../tensor/random.ts";
import type { Scene } from "./scene.ts";
import { lowpass, tone } from "./synth/parts.ts";

/** Delays of the walls in seconds, and how much each keeps. */
const walls: Record<
  Exclude<Scene["room"], "dry">,
  { readonly delays: readonly number[]; readonly keeps: number; wet: number }
> = {
  room: { delays: [0.0113, 0.0137, 0.0171, 0.0193], keeps: 0.6, wet: 0.2 },
  hall: { delays: [0.0297, 0.0371, 0.0411, 0.0437], keeps: 0.8, wet: 0.25 },
};

/** A room after Schroeder: sound that goes round between walls. */
export function inRoom(
  samples: Float32Array,
  room: Scene["room"],
  sampleRate: number,
): Float32Array {
  if (room === "dry") return samples;
  const { delays, keeps, wet } = walls[room];
  const heard = samples.slice();
  for (const delay of delays) {
    const n = Math.round(delay * sampleRate);
    const round = samples.slice();
    for (let i = n; i < round.length; i++) round[i] += keeps * round[i - n];
    for (let i = n; i < heard.length; i++) heard[i] += wet * round[i - n];
  }
  return heard;
}

/** A background of power 1. */
export function backgroundOf(
  kind: Exclude<Scene["background"]["kind"], "none">,
  {
    name,
    nSamples,
    sampleRate,
  }: {
    readonly name: string;
    readonly nSamples: number;
    readonly sampleRate: number;
  },
): Float32Array {
  const chance = random("background", name);
  return toPower(makers[kind]({ chance, nSamples, sampleRate }), 1);
}

interface Bed {
  readonly chance: Random;
  readonly nSamples: number;
  readonly sampleRate: number;
}

const white = ({ chance, nSamples }: Bed) =>
  Float32Array.from({ length: nSamples }, () => chance.normal());

const makers = {
  hiss: white,
  rumble: (bed: Bed) => lowpass(white(bed), 120, bed.sampleRate),
  hum: (bed: Bed) => {
    const mains = bed.chance.pick([50, 60]);
    return tone(bed, () => mains, [1, 0.6, 0.5, 0.2, 0.3]);
  },
  wash: (bed: Bed) => {
    const pace = bed.chance.uniform(0.3, 0.8);
    return lowpass(white(bed), 800, bed.sampleRate).map(
      (x, i) =>
        x * (1 + 0.5 * Math.sin((2 * Math.PI * pace * i) / bed.sampleRate)),
    );
  },
};

export const powerOf = (samples: Float32Array): number =>
  samples.reduce((sum, x) => sum + x * x, 0) / samples.length;

export function toPower(samples: Float32Array, power: number): Float32Array {
  const gain = Math.sqrt(power / powerOf(samples));
  return samples.map((x) => gain * x);
}
