/**
 * Answers prompts greedily: the best next token, until the end token.
 *
 * Rows are filled on the right, which a causal model does not see. Nothing is
 * cached between tokens: short answers do not need it.
 *
 * @param best - the best next token after each position of each row
 * @param length - tokens in a row, prompt and answer together
 * @returns the answers' tokens, without the end token
 */
export function answerGreedily(
  prompts: readonly (readonly number[])[],
  best: (rows: readonly (readonly number[])[]) => ArrayLike<number>,
  { end, length, nNew }: { end: number; length: number; nNew: number },
): number[][] {
  const rows = prompts.map((prompt) => [...prompt]);
  const isDone = rows.map(() => false);
  for (let step = 0; step < nNew && isDone.includes(false); step++) {
    const tokens = best(rows);
    rows.forEach((row, i) => {
      if (isDone[i]) return;
      const token = tokens[i * length + row.length - 1];
      isDone[i] = token === end || row.length + 1 >= length;
      if (token !== end) row.push(token);
    });
  }
  return rows.map((row, i) => row.slice(prompts[i].length));
}
