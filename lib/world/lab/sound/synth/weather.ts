import { drawn, type Synthesiser } from "./make.ts";
import {
  bandpass,
  between,
  held,
  highpass,
  lowpass,
  noise,
  pluck,
  repeated,
  scattered,
  shaped,
  tone,
} from "./parts.ts";

export const rain: Synthesiser = (played, make) => {
  const { sampleRate, seconds } = played;
  const rate = drawn(played, make, [150, 300], [40, 90]);
  const drops = repeated(played, scattered(played, rate), (one) => {
    const length = Math.min(one.nSamples, Math.round(0.01 * sampleRate));
    const drop = noise({ ...one, nSamples: length });
    return shaped(drop, sampleRate, pluck(0.0005, 0.002));
  });
  const hiss = highpass(noise(played), 1500, sampleRate);
  const mixed = drops.map((x, i) => x + 0.25 * hiss[i]);
  return shaped(mixed, sampleRate, held(seconds, { attack: 0.3 }));
};

export const wind: Synthesiser = (played, make) => {
  const { pitch, sampleRate, seconds } = played;
  const centre = between(250, 900, pitch);
  const sway = drawn(played, make, [0.4, 0.8], [1.2, 2]);
  const centreAt = (i: number) =>
    centre * 2 ** (0.6 * Math.sin((2 * Math.PI * sway * i) / sampleRate));
  const quality = drawn(played, make, [3, 5], [7, 10]);
  const gusts = bandpass(noise(played), centreAt, { quality, sampleRate });
  return shaped(
    gusts,
    sampleRate,
    held(seconds, { attack: 0.4, release: 0.5 }),
  );
};

export const thunder: Synthesiser = (played, make) => {
  const { sampleRate } = played;
  const corner = drawn(played, make, [90, 160], [200, 300]);
  const rumble = lowpass(
    lowpass(noise(played), corner, sampleRate),
    corner,
    sampleRate,
  );
  const decay = drawn(played, make, [0.5, 0.9], [0.25, 0.4]);
  const rolls = [0, ...scattered({ ...played, seconds: 1.2 }, 3)];
  return shaped(rumble, sampleRate, (at) =>
    rolls.reduce((sum, onset) => sum + pluck(0.03, decay)(at - onset), 0),
  );
};

export const fire: Synthesiser = (played, make) => {
  const { chance, sampleRate, seconds } = played;
  const rate = drawn(played, make, [12, 22], [30, 50]);
  const crackle = repeated(played, scattered(played, rate), (one) => {
    const length = Math.min(one.nSamples, Math.round(0.02 * sampleRate));
    const snap = noise({ ...one, nSamples: length });
    const strength = chance.uniform(0.2, 1);
    return shaped(
      snap,
      sampleRate,
      (at) => strength * pluck(0.0003, 0.004)(at),
    );
  });
  const roar = lowpass(noise(played), 250, sampleRate);
  const mixed = crackle.map((x, i) => x + 0.4 * roar[i]);
  return shaped(mixed, sampleRate, held(seconds, { attack: 0.2 }));
};

export const stream: Synthesiser = (played, make) => {
  const { chance, pitch, sampleRate, seconds } = played;
  const rate = drawn(played, make, [25, 45], [60, 90]);
  const base = between(400, 900, pitch);
  const bubbles = repeated(played, scattered(played, rate), (one) => {
    const length = Math.min(one.nSamples, Math.round(0.06 * sampleRate));
    const from = base * 2 ** chance.uniform(0, 1.5);
    const bubble = tone(
      { nSamples: length, sampleRate },
      (at) => from * (1 + 6 * at),
    );
    return shaped(bubble, sampleRate, pluck(0.004, 0.012));
  });
  return shaped(bubbles, sampleRate, held(seconds, { attack: 0.15 }));
};
