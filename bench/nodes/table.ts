/** What came of each Node, as a table. */

export interface Ended {
  readonly code: number | null;
  readonly seconds: number;
}

/** What came of one Node. */
export interface Outcome {
  readonly version: string;
  /** What set-up says of the engine. */
  readonly engine: string;
  readonly setUp: Ended;
  readonly notebook: Ended;
  readonly tests: Ended & { readonly line: string };
}

/** Counts from the test runner's closing lines, in either of its two forms. */
export function testLine(output: string): string {
  const count = (name: string) =>
    new RegExp(`^[#ℹ] ${name} (\\d+)$`, "m").exec(output)?.[1];
  const passed = count("pass");
  if (passed === undefined) return "no closing lines";
  return `${passed} passed, ${count("fail")} failed, ${count("skipped")} skipped`;
}

/** Lines that name what failed, in tests and in notebooks; at most ten. */
export const firstFaults = (output: string): string[] =>
  output
    .split("\n")
    .filter((line) => /^\s*(not ok|✖|--) /.test(line))
    .slice(0, 10);

const resultOf = ({ code, seconds }: Ended, text = "passed"): string => {
  const end = code === 0 ? text : `FAILED (${text}, exit code ${code})`;
  return `${end}, ${seconds.toFixed(0)} s`;
};

/** The table in Markdown, and whether every step passed on every Node. */
export function tableOf(
  outcomes: readonly Outcome[],
  facts: Readonly<Record<string, string>>,
): { readonly markdown: string; readonly passed: boolean } {
  const headings = ["Node", "engine", "set-up", "notebook 00, smoke", "tests"];
  const rows = outcomes.map(({ engine, notebook, setUp, tests, version }) => [
    version,
    engine,
    resultOf(setUp),
    resultOf(notebook),
    resultOf(tests, tests.line),
  ]);
  const table = [headings, headings.map(() => "---"), ...rows];
  const markdown = [
    "# Versions of Node",
    Object.entries(facts)
      .map(([name, value]) => `- ${name}: ${value}`)
      .join("\n"),
    table.map((row) => `| ${row.join(" | ")} |`).join("\n"),
    "Each from a clean checkout of that commit; seconds by the wall, whatever " +
      "else ran.",
  ].join("\n\n");
  const passed = outcomes.every(({ notebook, setUp, tests }) =>
    [notebook, setUp, tests].every(({ code }) => code === 0),
  );
  return { markdown: `${markdown}\n`, passed };
}
