import type { Random } from "../../../tensor/random.ts";
import { classNamed, families, type SoundClass } from "../classes.ts";
import { backgrounds } from "../sound/scene.ts";
import type { ClipTruth, EventTruth } from "../sound/truth.ts";
import { caption, eventWords } from "./describe.ts";
import { type Attribute, attributes, factsOf } from "./facts.ts";

/**
 * How much of a question must be read before audio can be:
 * - `T0`: generic, the same for every clip.
 * - `T1`: names a sound, in more than one token.
 * - `T2`: needs a fact that only texts have told.
 */
export type Depth = "T0" | "T1" | "T2";

/** One question about one clip. */
export interface LabQuestion {
  readonly kind: QuestionKind;
  readonly depth: Depth;
  readonly question: string;
  readonly answer: string;
  /** What can be answered, right or wrong, where that is a short list. */
  readonly choices?: readonly string[];
}

/** What a question is made of. */
interface Asked {
  readonly events: readonly EventTruth[];
  readonly background: ClipTruth["background"];
  /** Classes that wrong names are taken from. */
  readonly classes: readonly SoundClass[];
  readonly chance: Random;
}

type Maker = (asked: Asked) => Omit<LabQuestion, "depth" | "kind"> | undefined;

const yesNo = ["yes", "no"] as const;
const numbers = ["one", "two", "three"] as const;

const places = ["first", "second", "third"] as const;

/** A place to ask for; "only" where there is one sound. */
function drawPlace({ chance, events }: Asked) {
  const i = chance.integer(0, events.length - 1);
  const event = events[i];
  return { event, place: events.length === 1 ? "only" : places[i] };
}

/** A sound that is heard once, so that a question about it has one answer. */
function drawSingle({ chance, events }: Asked): EventTruth | undefined {
  const single = events.filter(
    ({ sound }) => events.filter((one) => one.sound === sound).length === 1,
  );
  return single.length > 0 ? chance.pick(single) : undefined;
}

function drawAbsent({ chance, classes, events }: Asked): string {
  const there = events.map(({ sound }) => sound);
  return chance.pick(classes.filter(({ name }) => !there.includes(name))).name;
}

function neighbour(step: 1 | -1, word: string): Maker {
  return (asked) => {
    const event = drawSingle(asked);
    if (!event) return undefined;
    const at = asked.events.indexOf(event) + step;
    return {
      question: `what comes ${word} the ${event.sound} ?`,
      answer: asked.events[at]?.sound ?? "nothing",
    };
  };
}

/** Asks for a fact of a sound by its place. */
function hop(attribute: Attribute, ask: (place: string) => string): Maker {
  return (asked) => {
    const { event, place } = drawPlace(asked);
    return {
      question: ask(place),
      answer: factsOf(classNamed(event.sound))[attribute],
      choices: attributes[attribute],
    };
  };
}

/** All kinds of questions. */
const makers = {
  name: {
    depth: "T0",
    make: ({ events }) => ({
      question: "what do you hear ?",
      answer: events.map(({ sound }) => sound).join(", "),
    }),
  },
  description: {
    depth: "T0",
    make: ({ events }) => ({
      question: "how does each sound ?",
      answer: events.map(eventWords).join(", "),
    }),
  },
  caption: {
    depth: "T0",
    make: (asked) => ({
      question: "describe the clip .",
      answer: caption(asked),
    }),
  },
  count: {
    depth: "T0",
    make: ({ events }) => ({
      question: "how many sounds are there ?",
      answer: numbers[events.length - 1],
      choices: numbers,
    }),
  },
  place: {
    depth: "T0",
    make: (asked) => {
      const { event, place } = drawPlace(asked);
      return { question: `what is the ${place} sound ?`, answer: event.sound };
    },
  },
  background: {
    depth: "T0",
    make: ({ background: { kind } }) => ({
      question: "what is in the background ?",
      answer: kind === "none" ? "nothing" : kind,
      choices: backgrounds.map((one) => (one === "none" ? "nothing" : one)),
    }),
  },
  presence: {
    depth: "T1",
    make: (asked) => {
      const { chance, events } = asked;
      const isThere = chance.uniform() < 0.5;
      const sound = isThere ? chance.pick(events).sound : drawAbsent(asked);
      return {
        question: `is there a ${sound} ?`,
        answer: isThere ? "yes" : "no",
        choices: yesNo,
      };
    },
  },
  after: { depth: "T1", make: neighbour(1, "after") },
  before: { depth: "T1", make: neighbour(-1, "before") },
  pitch: {
    depth: "T1",
    make: (asked) => {
      const event = drawSingle(asked);
      if (!event?.pitch) return undefined;
      return {
        question: `how high is the ${event.sound} ?`,
        answer: event.pitch,
        choices: ["low", "middle", "high"],
      };
    },
  },
  loudness: {
    depth: "T1",
    make: (asked) => {
      const event = drawSingle(asked);
      if (!event) return undefined;
      return {
        question: `how loud is the ${event.sound} ?`,
        answer: event.loudness,
        choices: ["soft", "loud"],
      };
    },
  },
  family: {
    depth: "T2",
    make: (asked) => {
      const { event, place } = drawPlace(asked);
      return {
        question: `which family is the ${place} sound ?`,
        answer: classNamed(event.sound).family,
        choices: families,
      };
    },
  },
  keeper: {
    depth: "T2",
    make: hop("keeper", (place) => `who looks after the ${place} sound ?`),
  },
  room: {
    depth: "T2",
    make: hop("room", (place) => `where is the ${place} sound kept ?`),
  },
  day: {
    depth: "T2",
    make: hop("day", (place) => `when is the ${place} sound tested ?`),
  },
  keeperPresence: {
    depth: "T2",
    make: ({ chance, events }) => {
      const keepers = events.map(
        ({ sound }) => factsOf(classNamed(sound)).keeper,
      );
      const isThere = chance.uniform() < 0.5;
      const others = attributes.keeper.filter((one) => !keepers.includes(one));
      const keeper = chance.pick(isThere ? keepers : others);
      return {
        question: `is there a sound that ${keeper} looks after ?`,
        answer: isThere ? "yes" : "no",
        choices: yesNo,
      };
    },
  },
} as const satisfies Record<
  string,
  { readonly depth: Depth; readonly make: Maker }
>;

export type QuestionKind = keyof typeof makers;

export const questionKinds = Object.keys(makers) as readonly QuestionKind[];

export const depthOf = (kind: QuestionKind): Depth => makers[kind].depth;

/**
 * A question of a kind about a clip.
 *
 * @param classes - where absent sounds are taken from
 * @returns nothing where the clip has no such question: a sound heard twice
 * has no one neighbour, and a drum no pitch
 */
export function ask(
  kind: QuestionKind,
  truth: Pick<ClipTruth, "background" | "events">,
  { chance, classes }: Pick<Asked, "chance" | "classes">,
): LabQuestion | undefined {
  const { depth, make } = makers[kind] as { depth: Depth; make: Maker };
  const { background, events } = truth;
  const made = make({ background, events, classes, chance });
  return made && { kind, depth, ...made };
}

/** A question of any of some kinds; nothing where the clip answers none. */
export function askAny(
  kinds: readonly QuestionKind[],
  truth: Pick<ClipTruth, "background" | "events">,
  options: Pick<Asked, "chance" | "classes">,
): LabQuestion | undefined {
  for (const kind of options.chance.shuffle(kinds)) {
    const asked = ask(kind, truth, options);
    if (asked) return asked;
  }
  return undefined;
}
