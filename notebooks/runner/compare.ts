import { diffLines } from "./diff.ts";
import {
  type CodeCell,
  isCode,
  joined,
  type MultilineText,
  type Notebook,
  type Output,
} from "./format.ts";

/** What changes from run to run, and the word that stands for it. */
const changing: readonly (readonly [RegExp, string])[] = [
  // An ISO date, with or without a time.
  [
    /\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?/g,
    "<date>",
  ],
  [/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi, "<id>"],
  [/\b0x[0-9a-f]+\b/gi, "<id>"],
  // Hexadecimal, with a digit and a letter at least: a hash, not a word.
  [/\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{8,}\b/g, "<id>"],
  // A path from the root, with two names at least; a file's address.
  [
    /(?:file:\/\/)?(?<![\w.<:/])(?:[A-Za-z]:)?(?:[\\/][\w.@+~-]+){2,}/g,
    "<path>",
  ],
  [/\bv?\d+\.\d+\.\d+(?:[-+.]\w+)*\b/g, "<version>"],
  // Two to four clock digits: 1:05, 00:03:21.
  [/\b\d+:\d\d(?::\d\d)?(?:\.\d+)?\b/g, "<duration>"],
  // A rate before a duration, since "3 MB/s" holds no duration; a slow one
  // reads "1.4 s each".
  [/(?<![\w.])\d[\d,.]*\s?(?:ms|s|min|h) each\b/g, "<rate>"],
  [
    /(?<![\w.])\d[\d,.]*\s?(?:[kMG]i?B|B|bytes|[a-z]+)?\/(?:s|sec|second|min|h)\b/g,
    "<rate>",
  ],
  [
    /(?<![\w.])(?:\d[\d,.]*\s?(?:ns|us|µs|ms|s|sec|secs|seconds?|min|minutes?|h|hours?)\b\s?)+/g,
    "<duration> ",
  ],
];

const ansi = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*[A-Za-z]`, "g");
/** A bar of blocks, hashes or dashes in brackets, or a spinner's dots. */
const progressLine = /[█▉▊▋▌▍▎▏░▒▓━╸╺]{3,}|\[[=#>. -]{5,}\]|[⠀-⣿]/;
const decimal = /(?<![\w.])-?\d+\.\d+(?:e[+-]?\d+)?(?![\w.])/gi;

/**
 * Takes out of an output's text what may differ between two good runs.
 *
 * Durations, rates, dates, versions, hexadecimal ids and paths become a word
 * in angle brackets; decimals are rounded to three significant digits
 * (integers are kept whole: they count things); colors, lines with a progress
 * bar, empty lines and spaces at the end of a line are dropped, and a carriage
 * return overwrites its line.
 */
export function normalize(text: string): string[] {
  return text
    .replace(ansi, "")
    .split("\n")
    .map((line) => line.slice(line.replace(/\r+$/, "").lastIndexOf("\r") + 1))
    .filter((line) => !progressLine.test(line))
    .map(normalizeLine)
    .filter((line) => line !== "");
}

function normalizeLine(line: string): string {
  const named = changing.reduce(
    (text, [pattern, word]) => text.replace(pattern, word),
    line,
  );
  return named
    .replace(decimal, (number) => String(Number(Number(number).toPrecision(3))))
    .trimEnd();
}

/**
 * The text that a cell's outputs are compared by.
 *
 * A display stands for its types and its plain text: a figure's picture may
 * differ in its pixels, but must be there. What goes to stderr is not
 * compared: warnings depend on the machine.
 */
function comparableLines(outputs: readonly Output[]): string[] {
  const parts: string[] = [];
  for (const output of outputs) {
    if (output.output_type === "stream") {
      if (output.name === "stdout") parts.push(joined(output.text));
    } else if (output.output_type === "error") {
      parts.push(`\n${output.ename}: ${output.evalue}\n`);
    } else {
      const types = Object.keys(output.data).sort().join(", ");
      const plain = output.data["text/plain"] as MultilineText | undefined;
      parts.push(`\n[${types}]\n${plain ? joined(plain) : ""}\n`);
    }
  }
  return normalize(parts.join(""));
}

export interface CellDifference {
  /** Of the code cells, from 1. */
  readonly cell: number;
  /** The first line of its source. */
  readonly source: string;
  /** Lines that begin with "- " (expected), "+ " (actual) or two spaces. */
  readonly diff: readonly string[];
}

/**
 * Compares the outputs of two runs of one notebook, cell by cell.
 *
 * @throws RangeError when the notebooks have different code cells
 */
export function compareNotebooks(
  expected: Notebook,
  actual: Notebook,
): CellDifference[] {
  const before = expected.cells.filter(isCode);
  const after = actual.cells.filter(isCode);
  if (before.length !== after.length) {
    throw new RangeError(
      `compareNotebooks: expected ${before.length} code cells, ` +
        `got ${after.length}`,
    );
  }
  return before.flatMap((cell, i) => differenceOf(cell, after[i], i + 1));
}

function differenceOf(
  expected: CodeCell,
  actual: CodeCell,
  cell: number,
): CellDifference[] {
  const source = joined(actual.source);
  if (joined(expected.source) !== source) {
    throw new RangeError(
      `compareNotebooks: expected the same code in cell ${cell}, ` +
        "got other code",
    );
  }
  const diff = diffLines(
    comparableLines(expected.outputs),
    comparableLines(actual.outputs),
  );
  if (diff.every((line) => line.startsWith("  "))) return [];
  return [{ cell, source: source.split("\n")[0], diff }];
}
