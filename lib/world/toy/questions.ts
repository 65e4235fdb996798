import { type Random, random } from "../../tensor/random.ts";
import { soundOf, sounds } from "./sounds.ts";

export type QuestionKind = "name" | "presence" | "family";

/** One question about one clip, in the small model's words. */
export interface Question {
  readonly kind: QuestionKind;
  readonly question: string;
  readonly answer: string;
}

/** What stands before the audio in every prompt. */
export const systemPrompt = "listen to the clip .";

/** The labels of a clip, in order of onset, are all a question needs. */
type Labels = readonly string[];

/** Asks for every sound, and expects them in order of onset. */
export function askName(labels: Labels): Question {
  const words = labels.map((label) => soundOf(label).word);
  return {
    kind: "name",
    question: "what do you hear ?",
    answer: `${words.join(" and ")} .`,
  };
}

/** Asks for one sound that is, or is not, in the clip. */
export function askPresence(
  labels: Labels,
  isThere: boolean,
  chance: Random,
): Question {
  const there = labels.map((label) => soundOf(label).word);
  const absent = sounds
    .map((sound) => sound.word)
    .filter((word) => !there.includes(word));
  const asked = chance.pick(isThere ? there : absent);
  return {
    kind: "presence",
    question: `is there a ${asked} ?`,
    answer: isThere ? "yes ." : "no .",
  };
}

/** Asks for the family of a clip's first sound. */
export function askFamily(labels: Labels): Question {
  return {
    kind: "family",
    question: "which family is it ?",
    answer: `${soundOf(labels[0]).family} .`,
  };
}

/** A question that training asks: a name, or a yes as often as a no. */
export function askForTraining(labels: Labels, chance: Random): Question {
  return chance.uniform() < 0.35
    ? askName(labels)
    : askPresence(labels, chance.uniform() < 0.5, chance);
}

/**
 * The questions that evaluation asks of clip number `i`.
 *
 * Yes and no alternate from clip to clip, so a constant answer scores one
 * half. The family is asked of single sounds only.
 */
export function askForEvaluation(
  labels: Labels,
  { i, seed }: { i: number; seed: number },
): Question[] {
  const chance = random("evaluation questions", seed, i);
  const questions = [askName(labels), askPresence(labels, i % 2 === 0, chance)];
  return labels.length === 1 ? [...questions, askFamily(labels)] : questions;
}
