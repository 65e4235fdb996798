import type { Example } from "../data/example.ts";
import type { PromptWriter } from "../llm/prompt.ts";

/**
 * The lowest mean loss, in nats per token of the answer, that questions alone
 * allow: of whoever knows how often each answer follows each question here, and
 * hears nothing.
 *
 * A training loss below it has listened, or remembers the examples.
 *
 * @throws RangeError for no examples
 */
export function guessingLoss(
  examples: readonly Pick<Example, "question" | "answer">[],
  writer: PromptWriter,
): number {
  if (examples.length === 0) {
    throw new RangeError("guessingLoss: expected examples, got none");
  }
  const asked = new Map<string, Map<string, number>>();
  let tokens = 0;
  for (const { answer, question } of examples) {
    const text = writer.write({ question, answer });
    tokens += text.tokens.length - text.answerAt;
    const counts = asked.get(question) ?? new Map<string, number>();
    counts.set(answer, (counts.get(answer) ?? 0) + 1);
    asked.set(question, counts);
  }
  let nats = 0;
  for (const counts of asked.values()) {
    const all = [...counts.values()].reduce((sum, n) => sum + n, 0);
    for (const n of counts.values()) nats -= n * Math.log(n / all);
  }
  return nats / tokens;
}
