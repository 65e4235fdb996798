import type { Cell, Column } from "./columns.ts";

/** Stands for a missing value wherever a person reads. */
const missing = "\u2013";

/** Decimals for all columns, or for each by its name. */
export type Digits = number | Readonly<Record<string, number>>;

/** A column in words, as a person reads it. */
export interface TextColumn {
  readonly name: string;
  readonly cells: readonly string[];
  readonly isNumber: boolean;
}

/**
 * Cells as text: numbers of a column with the same count of decimals.
 *
 * Without `digits`, the largest number of a column has three significant
 * digits. Whole numbers stay whole, unless their column is named.
 */
export function textColumns(
  columns: readonly Column[],
  digits?: Digits,
): TextColumn[] {
  return columns.map(({ name, cells, isNumber }) => {
    const numbers = cells.filter((cell) => typeof cell === "number");
    const decimals = decimalsOf(name, numbers, digits);
    const texts = cells.map((cell) => cellText(cell, decimals));
    return { name, isNumber, cells: texts };
  });
}

/** What was asked for the column by name, else for all that is not whole. */
function decimalsOf(
  name: string,
  numbers: readonly number[],
  digits?: Digits,
): number {
  if (typeof digits === "object" && Object.hasOwn(digits, name)) {
    return digits[name];
  }
  if (numbers.every(Number.isInteger)) return 0;
  return typeof digits === "number" ? digits : decimalsFor(numbers);
}

function decimalsFor(numbers: readonly number[]): number {
  const largest = numbers
    .filter(Number.isFinite)
    .reduce((most, number) => Math.max(most, Math.abs(number)), 0);
  if (!(largest > 0)) return 0;
  return Math.min(8, Math.max(0, 2 - Math.floor(Math.log10(largest))));
}

function cellText(cell: Cell, decimals: number): string {
  if (cell === null) return missing;
  if (typeof cell !== "number") return String(cell);
  if (!Number.isFinite(cell)) return cell > 0 ? "\u221e" : "-\u221e";
  return cell.toFixed(decimals);
}

/** Rows that people are shown; the files have all. */
export const mostRows = 60;

/** What stands under a table that was cut short, or nothing. */
export function rowsLeftOut([{ cells }]: readonly TextColumn[]): string {
  const left = cells.length - mostRows;
  if (left <= 0) return "";
  return `and ${left} more ${left === 1 ? "row" : "rows"} in the CSV file`;
}

/** Columns side by side, numbers at the right, for a terminal. */
export function plainText(
  columns: readonly TextColumn[],
  caption = "",
): string {
  const plain = columns.map((column) => ({
    ...column,
    name: oneLine(column.name),
    cells: column.cells.slice(0, mostRows).map(oneLine),
  }));
  const widths = plain.map(({ name, cells }) =>
    Math.max(...[name, ...cells].map(displayWidth)),
  );
  const line = (texts: readonly string[]) =>
    texts
      .map((text, i) => padded(text, widths[i], plain[i].isNumber))
      .join("  ")
      .trimEnd();
  const leftOut = rowsLeftOut(columns);
  return [
    ...(caption ? [caption] : []),
    line(plain.map((column) => column.name)),
    widths.map((width) => "\u2500".repeat(width)).join("  "),
    ...plain[0].cells.map((_, row) =>
      line(plain.map((column) => column.cells[row])),
    ),
    ...(leftOut ? [leftOut] : []),
  ].join("\n");
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ");
}

function displayWidth(text: string): number {
  return [...text].length;
}

function padded(text: string, width: number, atRight: boolean): string {
  const space = " ".repeat(width - displayWidth(text));
  return atRight ? space + text : text + space;
}

/** A table in GitHub's Markdown. */
export function markdown(columns: readonly TextColumn[], caption = ""): string {
  const line = (texts: readonly string[]) => `| ${texts.join(" | ")} |`;
  return [
    ...(caption ? [`**${escapeMarkdown(caption)}**`, ""] : []),
    line(columns.map((column) => escapeMarkdown(column.name))),
    line(columns.map((column) => (column.isNumber ? "---:" : ":---"))),
    ...columns[0].cells.map((_, row) =>
      line(columns.map((column) => escapeMarkdown(column.cells[row]))),
    ),
    "",
  ].join("\n");
}

function escapeMarkdown(text: string): string {
  return text
    .replace(/[\\`*_[\]<>|~&]/g, (mark) => `\\${mark}`)
    .replace(/\r\n|\r|\n/g, "<br>");
}

/** Comma-separated values as RFC 4180 has them, at full precision. */
export function csv(columns: readonly Column[]): string {
  const line = (cells: readonly Cell[]) => cells.map(csvField).join(",");
  return [
    line(columns.map((column) => column.name)),
    ...columns[0].cells.map((_, row) =>
      line(columns.map((column) => column.cells[row])),
    ),
    "",
  ].join("\r\n");
}

function csvField(cell: Cell): string {
  const text = cell === null ? "" : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
