import { drawn, type Synthesiser } from "./make.ts";
import {
  between,
  buzz,
  held,
  lowpass,
  noise,
  paced,
  repeated,
  shaped,
  tone,
} from "./parts.ts";

const reed = Array.from({ length: 20 }, (_, k) => (k % 2 ? 0.3 : 1) / (k + 1));

export const siren: Synthesiser = (played, make) => {
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

export const engine: Synthesiser = (played, make) => {
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

export const alarm: Synthesiser = (played, make) => {
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

export const horn: Synthesiser = (played, make) => {
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
