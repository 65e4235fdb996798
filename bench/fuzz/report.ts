import { join } from "node:path";
import { writeWhole } from "../../lib/files/atomic.ts";
import { machine } from "../engine/report.ts";
import type { Campaign, Found } from "./campaign.ts";
import { outcomes } from "./outcome.ts";

const cellsOf = ({ rows }: Found): string[][] => [
  ["kind", "inputs", ...outcomes, "slowest ms"],
  ...rows.map((row) => [
    row.kind,
    `${row.inputs}`,
    ...outcomes.map((outcome) => `${row[outcome]}`),
    row.slowest.toFixed(0),
  ]),
];

/** The rows as text in columns, names at the left. */
export function linesOf(found: Found): string[] {
  const cells = cellsOf(found);
  const widths = cells[0].map((_, i) =>
    Math.max(...cells.map((line) => line[i].length)),
  );
  return cells.map(([kind, ...numbers]) =>
    [
      kind.padEnd(widths[0]),
      ...numbers.map((cell, i) => cell.padStart(widths[i + 1])),
    ].join("  "),
  );
}

/** Writes results/fuzz.md and gives its path. */
export function keep(
  found: Found,
  { count, seed }: Pick<Campaign, "count" | "seed">,
): string {
  const facts = { ...machine(), inputs: `${count}`, seed: `${seed}` };
  const list = Object.entries(facts).map(
    ([key, value]) => `- ${key}: ${value}`,
  );
  const [heads, ...cells] = cellsOf(found);
  const lines = [heads, heads.map(() => "---"), ...cells];
  const path = join(import.meta.dirname, "..", "results", "fuzz.md");
  const markdown = [
    "# Damaged inputs",
    list.join("\n"),
    lines.map((line) => `| ${line.join(" | ")} |`).join("\n"),
    "Accepted: read, with as many numbers as the shape says. A safetensors " +
      "file was decoded a second time, in another way, and gave the same " +
      "numbers; an archive gave those of its original; of a pickle behind a " +
      "right checksum, a template and a sound only what holds for any is " +
      "judged. Refused: by an error in our words. The last column is the " +
      "longest time from the question to the answer, on a shared machine.",
  ].join("\n\n");
  writeWhole(path, `${markdown}\n`);
  return path;
}
