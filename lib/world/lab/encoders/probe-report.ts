import { type ProbeScore, probe } from "../../../probe/linear.ts";
import { random } from "../../../tensor/random.ts";
import type { ClipTruth, EventTruth } from "../sound/truth.ts";

/** Clips as an encoder heard them. */
export interface HeardClips {
  readonly truths: readonly ClipTruth[];
  /** Clip after clip, time-major: `steps` x `bands` x `width` each. */
  readonly features: Float32Array;
  readonly steps: number;
  readonly bands: number;
  readonly width: number;
}

/** What probes look for in a clip; undefined where it has no such thing. */
const attributes = {
  class: ({ events }) => only(events)?.sound,
  /** Which sound came first where there are more: the class alone is not it. */
  first: ({ events }) => (events.length > 1 ? events[0].sound : undefined),
  count: ({ events }) => String(events.length),
  pitch: ({ events }) => only(events)?.pitch,
  loudness: ({ events }) => only(events)?.loudness,
  onset: ({ events }) => {
    const event = only(events);
    return event && String(Math.floor(event.onset / 0.2));
  },
  background: ({ background: { kind } }) => kind,
} as const satisfies Record<string, (truth: ClipTruth) => string | undefined>;

export type ProbedAttribute = keyof typeof attributes;

const probedAttributes = Object.keys(attributes) as readonly ProbedAttribute[];

const only = (events: readonly EventTruth[]) =>
  events.length === 1 ? events[0] : undefined;

/** A line of the report. */
export interface ProbeRow extends ProbeScore {
  readonly attribute: ProbedAttribute;
  /**
   * The same probe on labels without meaning (Hewitt and Liang 2019): each
   * combination of first sound and source has one drawn by chance. What a probe
   * gets right there it has learned by heart.
   */
  readonly control: number;
}

/**
 * Linear probes of an encoder: for each attribute from each quarter of the
 * clip, all bands of it averaged.
 */
export function probeReport(train: HeardClips, test: HeardClips): ProbeRow[] {
  return probedAttributes.map((attribute) => {
    const truthOf = attributes[attribute];
    const names = [...new Set(train.truths.map(truthOf))]
      .filter((name) => name !== undefined)
      .sort();
    const labelOf = (truth: ClipTruth) => names.indexOf(truthOf(truth)!);
    const score = probe(pick(train, labelOf), pick(test, labelOf));
    const controlOf = (truth: ClipTruth) =>
      labelOf(truth) < 0 ? -1 : drawn(attribute, truth, names.length);
    const control = probe(pick(train, controlOf), pick(test, controlOf));
    return { attribute, ...score, control: control.accuracy };
  });
}

function drawn(
  attribute: string,
  { events, source }: ClipTruth,
  nLabels: number,
): number {
  const type = [events[0].sound, source.soundfont];
  return random("control labels", attribute, ...type).integer(0, nLabels - 1);
}

/** Parts of a clip that are averaged apart. */
const nParts = 4;

function pick(
  { bands, features, steps, truths, width }: HeardClips,
  labelOf: (truth: ClipTruth) => number,
) {
  const chosen = truths.flatMap((truth, clip) => {
    const label = labelOf(truth);
    return label < 0 ? [] : [{ clip, label }];
  });
  const size = steps * bands * width;
  const perPart = (steps / nParts) * bands;
  const pooled = new Float32Array(chosen.length * nParts * width);
  for (const [row, { clip }] of chosen.entries()) {
    for (let cell = 0; cell < steps * bands; cell++) {
      const part = Math.floor(cell / perPart);
      const to = (row * nParts + part) * width;
      const from = clip * size + cell * width;
      for (let e = 0; e < width; e++) {
        pooled[to + e] += features[from + e] / perPart;
      }
    }
  }
  return {
    features: pooled,
    width: nParts * width,
    labels: chosen.map(({ label }) => label),
  };
}
