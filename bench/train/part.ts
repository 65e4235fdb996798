import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "../../lib/files/atomic.ts";
import type { Measured } from "./measure.ts";

export type Table = readonly (readonly string[])[];

/** What a part of the bench found out. */
export interface Found {
  readonly title: string;
  /** What was measured, and how, for who reads the table alone. */
  readonly about: string;
  readonly tables: readonly {
    readonly heading?: string;
    readonly table: Table;
  }[];
  readonly verdict: readonly string[];
  /** What ran, side by side. */
  readonly versions?: Readonly<Record<string, string>>;
  /** The numbers as they are, for the JSON file. */
  readonly rows: readonly object[];
}

/** Of the whole run: what the parts share. */
export interface Session {
  /** Times all measuring is done again. */
  readonly rounds: number;
  /** GFLOP/s of the fastest product, in TensorFlow or PyTorch. */
  readonly peak: number;
  /** Steps measured so far, for parts that need the same. */
  readonly measured: Measured[];
  readonly report: (line: string) => void;
}

/** A part of the bench, with a result of its own. */
export interface Part {
  readonly name: string;
  /** @throws Error for what must not be kept */
  run(session: Session): Promise<Found>;
}

/** A table for the terminal, columns padded. */
export function textTable(table: Table): string {
  const widths = table[0].map((_, column) =>
    Math.max(...table.map((cells) => cells[column].length)),
  );
  return table
    .map((cells) => cells.map((cell, i) => cell.padEnd(widths[i])).join("  "))
    .join("\n");
}

function markdownTable([head, ...rows]: Table): string {
  return [head, head.map(() => "---"), ...rows]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

const list = (lines: readonly string[]) =>
  lines.map((line) => `- ${line}`).join("\n");

/** Writes results/train-<part>.json and .md; the steps' has the notes. */
export function keep(
  part: Part,
  found: Found,
  facts: Readonly<Record<string, string>>,
): string {
  const folder = join(import.meta.dirname, "..", "results");
  const path = join(folder, `train-${part.name}`);
  const notes = join(import.meta.dirname, "notes.md");
  const markdown = [
    `# ${found.title}`,
    list(Object.entries(facts).map(([key, value]) => `${key}: ${value}`)),
    list(found.verdict),
    ...found.tables.flatMap(({ heading, table }) => [
      ...(heading ? [`## ${heading}`] : []),
      markdownTable(table),
    ]),
    found.about,
    ...(part.name === "steps" ? [readFileSync(notes, "utf8").trim()] : []),
  ];
  const { rows, verdict } = found;
  const json = JSON.stringify({ facts, verdict, rows }, null, 2);
  writeWhole(`${path}.md`, `${markdown.join("\n\n")}\n`);
  writeWhole(`${path}.json`, `${json}\n`);
  return `${path}.md`;
}
