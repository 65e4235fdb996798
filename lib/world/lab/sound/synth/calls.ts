import { drawn, type Synthesiser } from "./make.ts";
import {
  addAt,
  between,
  buzz,
  formants,
  held,
  noise,
  type Played,
  paced,
  repeated,
  shaped,
  tone,
} from "./parts.ts";

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

export const bark: Synthesiser = (played, make) => {
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

export const meow: Synthesiser = (played, make) => {
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

export const cricket: Synthesiser = (played, make) => {
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

export const frog: Synthesiser = (played, make) => {
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

export const bee: Synthesiser = (played, make) => {
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

export const babble: Synthesiser = (played, make) => {
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
