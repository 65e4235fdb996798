import { type Random, random } from "../../../tensor/random.ts";
import { type SoundClass, soundClasses } from "../classes.ts";
import { planScene } from "../sound/scene.ts";
import { type ClipTruth, truthOf } from "../sound/truth.ts";
import { describe } from "./describe.ts";
import { factsOf } from "./facts.ts";
import { fillerSentence } from "./filler.ts";
import {
  askAny,
  depthOf,
  type LabQuestion,
  questionKinds,
} from "./questions.ts";

/** A text of the language model's corpus. */
export type Document =
  | { readonly kind: "text"; readonly text: string }
  | {
      /** In the very format that is used with audio later. */
      readonly kind: "question";
      /** Stands where the audio will; empty where nothing is to be heard. */
      readonly described: string;
      readonly asked: LabQuestion;
    };

/** What stands before the audio in every prompt. */
export const systemPrompt = "listen to the clip .";

/** The answer where there is nothing to hear. */
export const unknown = "unknown";

/**
 * Words for the classes: their own names, or others, for a control model that
 * learns all the rest of the texts and no word of any sound.
 */
export type Lexicon = "sounds" | "things";

export interface CorpusOptions {
  readonly seed: number;
  readonly lexicon?: Lexicon;
}

/** How often each kind of text comes. */
const shares = {
  oneHop: 0.3,
  twoHop: 0.22,
  withoutContext: 0.1,
  fact: 0.18,
  scene: 0.08,
  filler: 0.12,
} as const;

const oneHop = questionKinds.filter((kind) => depthOf(kind) !== "T2");
const twoHop = questionKinds.filter((kind) => depthOf(kind) === "T2");

/**
 * Document `i` of a corpus without end; it follows from seed and number.
 *
 * No document is about a clip of the sets: its scenes have other names, so
 * other chance, than theirs.
 */
export function documentAt(
  i: number,
  { lexicon = "sounds", seed }: CorpusOptions,
): Document {
  const chance = random("lab corpus", seed, i);
  const kind = drawKind(chance);
  const document = makers[kind](chance, `text-${seed}-${i}`, seed);
  return lexicon === "sounds" ? document : inThings(document);
}

/**
 * A question of some kinds about a scene in words, for a gate or a probe; the
 * first of a row of scenes that answers one.
 */
export function textualQuestion(
  name: string,
  kinds: readonly LabQuestion["kind"][],
  { seed }: { readonly seed: number },
): Extract<Document, { kind: "question" }> {
  const chance = random("textual question", seed, name);
  for (let scene = 0; ; scene++) {
    const made = question(chance, `${name}-${scene}`, seed, kinds);
    if (made) return made;
  }
}

const makers = {
  oneHop: (chance: Random, name: string, seed: number): Document =>
    question(chance, name, seed, oneHop)!,
  twoHop: (chance: Random, name: string, seed: number): Document =>
    question(chance, name, seed, twoHop)!,
  withoutContext: (chance: Random, name: string, seed: number): Document => {
    const { asked } = question(chance, name, seed, questionKinds)!;
    const answer = { answer: unknown, choices: undefined };
    return { kind: "question", described: "", asked: { ...asked, ...answer } };
  },
  fact: (chance: Random): Document => ({
    kind: "text",
    text: factSentences(chance.pick(soundClasses), chance),
  }),
  scene: (chance: Random, name: string, seed: number): Document => ({
    kind: "text",
    text: describe(sceneTruth(name, chance, seed), chance),
  }),
  filler: (chance: Random): Document => ({
    kind: "text",
    text: [fillerSentence(chance), fillerSentence(chance)].join(" "),
  }),
} as const;

function drawKind(chance: Random): keyof typeof shares {
  let left = chance.uniform();
  for (const [kind, share] of Object.entries(shares)) {
    left -= share;
    if (left < 0) return kind as keyof typeof shares;
  }
  return "filler";
}

/** Nothing where the scene answers none of the kinds. */
function question(
  chance: Random,
  name: string,
  seed: number,
  kinds: readonly LabQuestion["kind"][],
): Extract<Document, { kind: "question" }> | undefined {
  const truth = sceneTruth(name, chance, seed);
  const asked = askAny(kinds, truth, { chance, classes: soundClasses });
  if (!asked) return undefined;
  return { kind: "question", described: describe(truth, chance), asked };
}

function sceneTruth(name: string, chance: Random, seed: number): ClipTruth {
  const sources = [{ soundfont: "none", make: "near" }] as const;
  const first = chance.pick(soundClasses);
  const classes = soundClasses;
  const scene = planScene({ name, seed, sources }, { classes, first });
  const ends = scene.events.map(({ onset, seconds }) => onset + seconds);
  return truthOf(scene, ends);
}

/** Two or three of the sentences that tell a class's facts, each in one way. */
function factSentences(one: SoundClass, chance: Random): string {
  const { day, keeper, room } = factsOf(one);
  const { family, name } = one;
  const sentences = [
    [`${keeper} looks after the ${name} .`, `the ${name} is ${keeper}'s .`],
    [`the ${name} is kept in the ${room} .`, `in the ${room} is a ${name} .`],
    [`the ${name} is tested on ${day} .`, `on ${day} they test the ${name} .`],
    [
      `a ${name} is a ${family} sound .`,
      `the ${name} is of family ${family} .`,
    ],
  ];
  return chance
    .shuffle(sentences)
    .slice(0, chance.integer(2, 3))
    .map((ways) => chance.pick(ways))
    .join(" ");
}

const syllables = ["ba", "do", "fe", "gi", "ku", "lo", "mi", "ne", "pu", "ra"];

/** Names of things that make no sound, as many as there are classes. */
const things = new Map(
  soundClasses.map(({ name }, i) => [
    name,
    [i, 7 * i + 3, Math.floor(i / 10) + 5]
      .map((n) => syllables[n % syllables.length])
      .join(""),
  ]),
);

const named = new RegExp(
  `\\b(${[...things.keys()].sort((a, b) => b.length - a.length).join("|")})\\b`,
  "g",
);

function inThings(document: Document): Document {
  const of = (text: string) =>
    text.replace(named, (name) => things.get(name) ?? name);
  if (document.kind === "text") return { ...document, text: of(document.text) };
  const { asked, described } = document;
  return {
    kind: "question",
    described: of(described),
    asked: {
      ...asked,
      question: of(asked.question),
      answer: of(asked.answer),
      choices: asked.choices?.map(of),
    },
  };
}
