import { drawn, type Synthesiser } from "./make.ts";
import {
  addAt,
  bandpass,
  between,
  type Played,
  paced,
  pluck,
  repeated,
  shaped,
} from "./parts.ts";

/** A dull blow: a burst of noise in a band, dying away. */
function blow(
  { chance, nSamples, sampleRate }: Played,
  { decay, hertz }: { readonly decay: number; readonly hertz: number },
): Float32Array {
  const length = Math.min(nSamples, Math.round(8 * decay * sampleRate));
  const burst = Float32Array.from({ length }, () => chance.normal());
  const band = bandpass(burst, hertz, { quality: 3, sampleRate });
  return shaped(band, sampleRate, pluck(0.001, decay));
}

export const footsteps: Synthesiser = (played, make) => {
  const period = drawn(played, make, [0.48, 0.6], [0.3, 0.38]);
  const hertz = between(120, 300, played.pitch);
  return repeated(played, paced(played, period), (one, place) => {
    const heel = blow(one, { hertz, decay: 0.025 });
    const sole = blow(one, { hertz: 6 * hertz, decay: 0.015 });
    const from = Math.round(0.05 * one.sampleRate);
    const step = new Float32Array(Math.min(one.nSamples, one.sampleRate / 4));
    addAt(step, heel, { from: 0, gain: place % 2 ? 0.8 : 1 });
    addAt(step, sole, { from, gain: 0.4 });
    return step;
  });
};

export const knock: Synthesiser = (played, make) => {
  const period = drawn(played, make, [0.17, 0.23], [0.11, 0.14]);
  const hertz = between(250, 700, played.pitch);
  return repeated(played, paced(played, period, 0.05), (one) =>
    blow(one, { hertz, decay: 0.03 }),
  );
};

export const clock: Synthesiser = (played, make) => {
  const period = drawn(played, make, [0.24, 0.28], [0.45, 0.52]);
  const hertz = between(1800, 3200, played.pitch);
  return repeated(played, paced(played, period, 0), (one, place) =>
    blow(one, { hertz: place % 2 ? hertz : 0.8 * hertz, decay: 0.006 }),
  );
};

export const typing: Synthesiser = (played, make) => {
  const period = drawn(played, make, [0.1, 0.14], [0.06, 0.08]);
  const { chance } = played;
  return repeated(played, paced(played, period, 0.6), (one) => {
    const hertz = between(1200, 2600, chance.uniform());
    return blow(one, { hertz, decay: chance.uniform(0.006, 0.014) });
  });
};
