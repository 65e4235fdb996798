import type { Random } from "../../../tensor/random.ts";
import type { ClipTruth, EventTruth } from "../sound/truth.ts";

/** What a listener would write of an event: how it sounds, then its name. */
export function eventWords({ loudness, pitch, sound }: EventTruth): string {
  return [loudness, ...(pitch ? [pitch] : []), sound].join(" ");
}

const joiners = [
  { first: "", next: "then" },
  { first: "first", next: "then" },
  { first: "", next: "followed by" },
] as const;

/**
 * A scene in words that hold all that questions ask for; it stands where the
 * audio will stand.
 */
export function describe(
  { background, events }: Pick<ClipTruth, "background" | "events">,
  chance: Random,
): string {
  const { first, next } = chance.pick(joiners);
  const told = events
    .map((event, i) => `${i === 0 ? first : next} ${eventWords(event)}`.trim())
    .join(", ");
  const { kind } = background;
  return kind === "none" ? `${told} .` : `${told}, over ${kind} .`;
}

/** What every caption says alike. */
export function caption(
  truth: Pick<ClipTruth, "background" | "events">,
): string {
  const { background, events } = truth;
  const told = events.map(eventWords).join(", then ");
  return background.kind === "none" ? told : `${told}, over ${background.kind}`;
}
