import { clock, footsteps, knock, typing } from "./synth/blows.ts";
import { babble, bark, bee, cricket, frog, meow } from "./synth/calls.ts";
import { alarm, engine, horn, siren } from "./synth/machines.ts";
import type { Synthesiser } from "./synth/make.ts";
import { fire, rain, stream, thunder, wind } from "./synth/weather.ts";

export type { Make } from "./synth/make.ts";

/** Those that sound the same at every pitch. */
export const unpitched: readonly string[] = [
  "rain",
  "thunder",
  "fire",
  "typing",
];

/** Sounds that no General MIDI bank has, by name. */
export const synthesisers = {
  ...{ rain, wind, thunder, fire, stream },
  ...{ siren, engine, alarm, horn },
  ...{ footsteps, knock, clock, typing },
  ...{ bark, meow, cricket, frog, bee, babble },
} as const satisfies Record<string, Synthesiser>;
