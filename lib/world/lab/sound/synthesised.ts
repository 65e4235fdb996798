import {
  addAt,
  bandpass,
  between,
  formants,
  held,
  highpass,
  lowpass,
  noise,
  type Played,
  paced,
  pluck,
  repeated,
  scattered,
  shaped,
  tone,
} from "./parts.ts";

/**
 * Where a synthesised sound comes from: as two SoundFonts are related and a
 * third is not, `near` and `far` differ in the ranges their sizes are drawn
 * from, which do not overlap.
 */
export type Make = "near" | "far";

export type Synthesiser = (played: Played, make: Make) => Float32Array;

/** Draws from the make's own range: the far one lies beyond the near one. */
function drawn(
  { chance }: Pick<Played, "chance">,
  make: Make,
  near: readonly [number, number],
  far: readonly [number, number],
): number {
  const [low, high] = make === "near" ? near : far;
  return between(low, high, chance.uniform());
}

const buzz = Array.from({ length: 30 }, (_, k) => 1 / (k + 1));
const reed = Array.from({ length: 20 }, (_, k) => (k % 2 ? 0.3 : 1) / (k + 1));

const rain: Synthesiser = (played, make) => {
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

const wind: Synthesiser = (played, make) => {
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

const thunder: Synthesiser = (played, make) => {
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

const fire: Synthesiser = (played, make) => {
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

const stream: Synthesiser = (played, make) => {
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

const siren: Synthesiser = (played, make) => {
  const { pitch, sampleRate, seconds } = played;
  const low = between(350, 600, pitch);
  const pace = drawn(played, make, [0.8, 1.4], [2.2, 3]);
  const wail = tone(
    played,
    (at) => low * 2 ** (0.6 - 0.6 * Math.cos(2 * Math.PI * pace * at)),
    [1, 0.5, 0.3, 0.15],
  );
  return shaped(wail, sampleRate, held(seconds));
};

const engine: Synthesiser = (played, make) => {
  const { pitch, sampleRate, seconds } = played;
  const firing = between(25, 60, pitch);
  const rough = drawn(played, make, [0.15, 0.3], [0.5, 0.8]);
  const strokes = tone(played, () => firing, buzz);
  const air = lowpass(noise(played), 400, sampleRate);
  const mixed = strokes.map(
    (x, i) =>
      x * (1 + rough * Math.sin((Math.PI * firing * i) / sampleRate)) +
      2 * rough * air[i],
  );
  return shaped(lowpass(mixed, 900, sampleRate), sampleRate, held(seconds));
};

const alarm: Synthesiser = (played, make) => {
  const { pitch, sampleRate } = played;
  const hertz = between(900, 2400, pitch);
  const period = drawn(played, make, [0.22, 0.3], [0.12, 0.16]);
  return repeated(played, paced(played, period, 0), (one) =>
    shaped(
      tone(one, () => hertz, [1, 0, 0.3]),
      sampleRate,
      held(period / 2, { attack: 0.005, release: 0.01 }),
    ),
  );
};

const horn: Synthesiser = (played, make) => {
  const { pitch, sampleRate, seconds } = played;
  const low = between(260, 420, pitch);
  const ratio = drawn(played, make, [1.24, 1.27], [1.31, 1.35]);
  const [first, second] = [low, low * ratio].map((hertz) =>
    tone(played, () => hertz, reed),
  );
  const both = first.map((x, i) => x + second[i]);
  return shaped(
    both,
    sampleRate,
    held(seconds, { attack: 0.02, release: 0.04 }),
  );
};

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

const footsteps: Synthesiser = (played, make) => {
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

const knock: Synthesiser = (played, make) => {
  const period = drawn(played, make, [0.17, 0.23], [0.11, 0.14]);
  const hertz = between(250, 700, played.pitch);
  return repeated(played, paced(played, period, 0.05), (one) =>
    blow(one, { hertz, decay: 0.03 }),
  );
};

const clock: Synthesiser = (played, make) => {
  const period = drawn(played, make, [0.24, 0.28], [0.45, 0.52]);
  const hertz = between(1800, 3200, played.pitch);
  return repeated(played, paced(played, period, 0), (one, place) =>
    blow(one, { hertz: place % 2 ? hertz : 0.8 * hertz, decay: 0.006 }),
  );
};

const typing: Synthesiser = (played, make) => {
  const period = drawn(played, make, [0.1, 0.14], [0.06, 0.08]);
  const { chance } = played;
  return repeated(played, paced(played, period, 0.6), (one) => {
    const hertz = between(1200, 2600, chance.uniform());
    return blow(one, { hertz, decay: chance.uniform(0.006, 0.014) });
  });
};

/** A buzz through a throat whose pitch and mouth move together. */
function call(
  played: Played,
  {
    contour,
    mouth,
    length,
  }: {
    /** Hz at each time. */
    readonly contour: (seconds: number) => number;
    readonly mouth: readonly number[]; // Hz
    readonly length: number; // seconds
  },
): Float32Array {
  const { sampleRate } = played;
  const nSamples = Math.min(played.nSamples, Math.round(length * sampleRate));
  const voice = tone({ nSamples, sampleRate }, contour, buzz);
  const breath = noise({ ...played, nSamples });
  const raw = voice.map((x, i) => x + 0.15 * breath[i]);
  const bands = mouth.map((hertz, i) => ({ hertz, gain: 1 / (i + 1) }));
  const shape = held(length, { attack: 0.02, release: 0.3 * length });
  return shaped(formants(raw, bands, sampleRate), sampleRate, shape);
}

const bark: Synthesiser = (played, make) => {
  const hertz = between(250, 600, played.pitch);
  const period = drawn(played, make, [0.4, 0.55], [0.25, 0.32]);
  const mouth = drawn(played, make, [800, 1000], [1200, 1500]);
  return repeated(played, paced(played, period), (one) =>
    call(one, {
      contour: (at) => hertz * (1.2 - 2 * Math.abs(at - 0.05)),
      mouth: [mouth, 2.1 * mouth],
      length: 0.16,
    }),
  );
};

const meow: Synthesiser = (played, make) => {
  const hertz = between(450, 800, played.pitch);
  const length = drawn(played, make, [0.6, 0.8], [0.9, 1.2]);
  const mouth = drawn(played, make, [1000, 1200], [1500, 1800]);
  return repeated(played, paced(played, length + 0.3), (one) =>
    call(one, {
      contour: (at) => hertz * (1 + 0.35 * Math.sin((Math.PI * at) / length)),
      mouth: [mouth, 2.4 * mouth],
      length,
    }),
  );
};

const cricket: Synthesiser = (played, make) => {
  const { pitch, sampleRate } = played;
  const hertz = between(3400, 5200, pitch);
  const period = drawn(played, make, [0.4, 0.5], [0.22, 0.28]);
  const pulse = tone(
    { sampleRate, nSamples: Math.round(0.02 * sampleRate) },
    () => hertz,
  );
  const shape = held(0.018, { attack: 0.004, release: 0.006 });
  return repeated(played, paced(played, period, 0.03), (one) =>
    repeated({ ...one, seconds: 0.1 }, [0, 0.027, 0.054, 0.081], () =>
      shaped(pulse, sampleRate, shape),
    ),
  );
};

const frog: Synthesiser = (played, make) => {
  const hertz = between(90, 180, played.pitch);
  const length = drawn(played, make, [0.2, 0.28], [0.34, 0.42]);
  return repeated(played, paced(played, length + 0.25), (one) => {
    const croak = call(one, {
      contour: () => hertz,
      mouth: [600, 1500],
      length,
    });
    const rattle = 30 * (hertz / 120);
    return shaped(croak, one.sampleRate, (at) =>
      Math.max(0, Math.sin(2 * Math.PI * rattle * at)),
    );
  });
};

const bee: Synthesiser = (played, make) => {
  const { pitch, sampleRate, seconds } = played;
  const hertz = between(160, 300, pitch);
  const sway = drawn(played, make, [1.5, 2.5], [4, 6]);
  const hum = tone(
    played,
    (at) => hertz * (1 + 0.04 * Math.sin(2 * Math.PI * sway * at)),
    buzz,
  );
  const near = shaped(
    hum,
    sampleRate,
    (at) => 0.6 + 0.4 * Math.sin(2 * Math.PI * 0.7 * sway * at),
  );
  return shaped(near, sampleRate, held(seconds, { attack: 0.2, release: 0.2 }));
};

const vowels = [
  [730, 1090, 2440],
  [270, 2290, 3010],
  [570, 840, 2410],
  [530, 1840, 2480],
  [300, 870, 2240],
];

const babble: Synthesiser = (played, make) => {
  const { chance, pitch, sampleRate } = played;
  const nVoices = Math.round(drawn(played, make, [3, 4], [6, 8]));
  const samples = new Float32Array(played.nSamples);
  for (let v = 0; v < nVoices; v++) {
    const own = between(90, 240, pitch) * 2 ** chance.uniform(-0.3, 0.3);
    const syllables = paced(played, chance.uniform(0.16, 0.24), 0.3);
    const voice = repeated(played, syllables, (one) =>
      call(one, {
        contour: (at) => own * (1.1 - 0.5 * at),
        mouth: chance.pick(vowels),
        length: chance.uniform(0.1, 0.2),
      }),
    );
    addAt(samples, voice, { from: Math.round(0.1 * v * sampleRate) });
  }
  return samples;
};

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
