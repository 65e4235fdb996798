import type { Random } from "../../../tensor/random.ts";
import { classNamed, type Family } from "../classes.ts";
import type { ClipTruth } from "../sound/truth.ts";
import { eventWords } from "../words/describe.ts";

/**
 * What a contrastive encoder's captions tell: the experiment's lever, as an
 * encoder keeps what its captions ask for. Not in the paper.
 * - `names`: which sounds, in any order.
 * - `pitch`: how high and how loud each is, in any order.
 * - `order`: `pitch`, and what follows what.
 */
export type CaptionDetail = "names" | "pitch" | "order";

/** A caption of a clip. */
export function captionOf(
  { events }: Pick<ClipTruth, "events">,
  { chance, detail }: { readonly chance: Random; detail: CaptionDetail },
): string {
  const words =
    detail === "names" ? events.map((e) => e.sound) : events.map(eventWords);
  return detail === "order"
    ? words.join(" then ")
    : chance.shuffle(words).join(" and ");
}

/** Families whose sounds have a pitch: what a music specialist hears. */
export const tonalFamilies: readonly Family[] = [
  ...["keyboard", "plucked", "bowed", "brass", "woodwind", "mallet"],
] as const;

/** Whether all sounds of a clip are of some families. */
export function isOf(
  { events }: Pick<ClipTruth, "events">,
  families: readonly Family[],
): boolean {
  return events.every(({ sound }) =>
    families.includes(classNamed(sound).family),
  );
}
