import type { Example } from "../../data/example.ts";
import type { Rows } from "../../data/ordered.ts";
import { checkPlace, type ExampleSource } from "../../data/source.ts";
import { type Random, random } from "../../tensor/random.ts";
import { taskOf } from "./answers.ts";
import type { ClipPlan } from "./clips.ts";
import {
  askForEvaluation,
  askForTraining,
  askName,
  type Question,
} from "./questions.ts";

/** A clip's question, and what only this world knows of it. */
export interface ToyExample extends Example {
  readonly clipIndex: number;
  /** In order of onset. */
  readonly labels: readonly string[];
  readonly kind: Question["kind"];
}

/**
 * Clips drawn by chance, each with a question drawn by chance.
 *
 * A batch is drawn as one: example i belongs to batch i / batchSize.
 */
export function toySource(
  plans: readonly ClipPlan[],
  {
    batchSize,
    seed,
    set,
  }: {
    readonly batchSize: number;
    readonly seed: number;
    readonly set: string;
  },
): ExampleSource {
  const draw = (batch: number): Example[] => {
    const chance = random("batch", seed, batch);
    const clips = Array.from({ length: batchSize }, () =>
      chance.integer(0, plans.length - 1),
    );
    return clips.map((clip) => trainingExample(plans, clip, { chance, set }));
  };
  let known: { batch: number; examples: readonly Example[] } | undefined;
  const exampleAt = (place: number): Example => {
    const batch = Math.floor(place / batchSize);
    if (known?.batch !== batch) known = { batch, examples: draw(batch) };
    return known.examples[place % batchSize];
  };
  return {
    take: async (from, count) => {
      checkPlace("take", from, count);
      return Array.from({ length: count }, (_, i) => exampleAt(from + i));
    },
  };
}

function trainingExample(
  plans: readonly ClipPlan[],
  clipIndex: number,
  { chance, set }: { readonly chance: Random; readonly set: string },
): ToyExample {
  const labels = labelsOf(plans[clipIndex]);
  const asked = askForTraining(labels, chance);
  return exampleOf(plans, { clipIndex, labels, asked, set });
}

/** Rows of a stage: some questions to each clip, always the same ones. */
export function toyRows(
  plans: readonly ClipPlan[],
  {
    data,
    perClip,
    seed,
  }: {
    /** Classification asks for names alone. */
    readonly data: "classification" | "closed-ended" | "all";
    readonly perClip: number;
    readonly seed: number;
  },
): Rows {
  const rowAt = (row: number) => {
    const clipIndex = row % plans.length;
    const labels = labelsOf(plans[clipIndex]);
    const chance = random("rows", seed, row);
    const asked =
      data === "classification"
        ? askName(labels)
        : askForTraining(labels, chance);
    return exampleOf(plans, { asked, clipIndex, labels, set: "train" });
  };
  return {
    length: perClip * plans.length,
    read: async (rows) => rows.map(rowAt),
  };
}

/** The questions that evaluation asks of a set of clips. */
export function toyQuestions(
  plans: readonly ClipPlan[],
  { seed, set }: { readonly seed: number; readonly set: string },
): ToyExample[] {
  return plans.flatMap((plan, clipIndex) => {
    const labels = labelsOf(plan);
    return askForEvaluation(labels, { i: clipIndex, seed }).map((asked) =>
      exampleOf(plans, { clipIndex, labels, asked, set }),
    );
  });
}

function labelsOf({ events }: ClipPlan): string[] {
  return events.map(({ label }) => label);
}

function exampleOf(
  plans: readonly ClipPlan[],
  {
    asked,
    clipIndex,
    labels,
    set,
  }: Pick<ToyExample, "clipIndex" | "labels" | "set"> & {
    readonly asked: Question;
  },
): ToyExample {
  const { answer, kind, question } = asked;
  const { name } = plans[clipIndex];
  return {
    id: `${name}: ${question}`,
    audio: name,
    question,
    answer,
    task: taskOf({ kind, sounds: labels.length }),
    set,
    clipIndex,
    labels,
    kind,
  };
}
