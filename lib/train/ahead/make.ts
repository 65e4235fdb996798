import type { ExampleSource } from "../../data/source.ts";
import type { Sounds } from "../../features/features.ts";
import type { PromptWriter } from "../../llm/prompt.ts";
import { openWorkplace, type Workplace } from "../../threads/workplace.ts";
import {
  type PlainBatch,
  type PlainMaker,
  plainBatch,
} from "../plain-batch.ts";

/** What batches are made of, opened in any thread. */
export interface Ingredients {
  readonly source: ExampleSource;
  /** Features, or the pictures of which encoders make some. */
  readonly sounds: Sounds;
  readonly writer: PromptWriter;
}

/** Examples of one batch: a place in the source's order, and how many. */
export interface Span {
  readonly from: number;
  readonly count: number;
}

/** All that decides a batch. */
export type Recipe = Ingredients & Omit<PlainMaker, keyof Ingredients>;

/** The plain half of a batch. */
export async function makeBatch(
  { from, count }: Span,
  recipe: Recipe,
): Promise<PlainBatch> {
  return plainBatch(await recipe.source.take(from, count), recipe);
}

/** A thread's recipe: how it opens the ingredients, and the rest as it is. */
interface Given extends Omit<Recipe, keyof Ingredients> {
  /** Its function gives `Ingredients`, or a promise of them. */
  readonly ingredients: Workplace;
}

/** Where threads make batches. */
export const batchWorkplace = (given: Given): Workplace => ({
  module: import.meta.url,
  name: openMaking.name,
  given,
});

/** What a thread does with a span. */
export async function openMaking({ ingredients, ...rest }: Given) {
  const opened = await openWorkplace<Ingredients>(ingredients);
  return (span: Span) => makeBatch(span, { ...opened, ...rest });
}
