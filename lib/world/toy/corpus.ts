import { type Random, random } from "../../tensor/random.ts";
import {
  askFamily,
  askForTraining,
  type Question,
  systemPrompt,
} from "./questions.ts";
import { soundOf, sounds } from "./sounds.ts";

/** A text about a clip that somebody else heard. */
export interface Document extends Question {
  readonly labels: readonly string[];
  /** What that listener jotted down, one word for each stretch of time. */
  readonly jottings: readonly string[];
}

/**
 * Document `i` of the small language model's own corpus, which has no end.
 *
 * The jottings stand where the audio tokens will stand later, so the model
 * learns from text alone what the questions mean, which words belong to which
 * sound, and to read them over time.
 *
 * @param nJottings - as many words as there will be audio tokens
 */
export function documentAt(
  i: number,
  { nJottings, seed }: { nJottings: number; seed: number },
): Document {
  const chance = random("corpus", seed, i);
  const first = chance.pick(sounds).label;
  const others = sounds.filter((sound) => sound.label !== first);
  const isPair = chance.uniform() < 0.4;
  const labels = isPair ? [first, chance.pick(others).label] : [first];
  const asksFamily = !isPair && chance.uniform() < 0.3;
  return {
    labels,
    jottings: jot(labels, nJottings, chance),
    ...(asksFamily ? askFamily(labels) : askForTraining(labels, chance)),
  };
}

/** Words for each stretch of time; silence, and what was missed, is "quiet". */
export function jot(
  labels: readonly string[],
  nJottings: number,
  chance: Random,
): string[] {
  const room = nJottings / labels.length;
  return labels.flatMap((label, place) => {
    const from = Math.round(place * room);
    const length = Math.round((place + 1) * room) - from;
    const { jottings, word } = soundOf(label);
    const onset = chance.integer(0, Math.floor(length / 3));
    const end = chance.integer(onset + 2, length);
    return Array.from({ length }, (_, i) => {
      const isMissed = i > onset && chance.uniform() < 0.1;
      const isHeard = i >= onset && i < end && !isMissed;
      if (!isHeard) return "quiet";
      return chance.uniform() < 0.4 ? word : chance.pick(jottings);
    });
  });
}

/** Every word that prompts, jottings and answers can hold. */
export function vocabularyTexts(): string[] {
  return [
    systemPrompt,
    "question : what do you hear ? is there a which family is it ?",
    "answer : and yes no . quiet",
    ...sounds.flatMap(({ family, jottings, word }) => [
      word,
      family,
      ...jottings,
    ]),
  ];
}
