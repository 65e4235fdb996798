import { readFileSync } from "node:fs";
import type * as nb from "@jupyterlab/nbformat";
import { writeWhole } from "../../lib/files/atomic.ts";

/**
 * Jupyter's own type without "and any other field", which would let every
 * misspelt name pass.
 */
type Strict<T> = {
  readonly [Field in keyof T as string extends Field ? never : Field]: T[Field];
};

/** A notebook of format 4.5, as its file holds it. */
export interface Notebook extends Omit<Strict<nb.INotebookContent>, "cells"> {
  readonly cells: readonly Cell[];
}

export type Cell = CodeCell | TextCell;

/** From format 4.5 on every cell has an id. */
interface Identified {
  readonly id: string;
}

export interface CodeCell
  extends Omit<Strict<nb.ICodeCell>, "id" | "outputs">,
    Identified {
  readonly outputs: readonly Output[];
}

export type TextCell = Strict<nb.IMarkdownCell | nb.IRawCell> & Identified;

/** Text, whole or as lines that keep their line breaks. */
export type MultilineText = nb.MultilineString;

/** Forms of one thing by MIME type; text forms may be split into lines. */
export type MimeBundle = nb.IMimeBundle;

export type Output = StreamOutput | DisplayOutput | ErrorOutput;
export type StreamOutput = Strict<nb.IStream>;
export type DisplayOutput = Strict<nb.IDisplayData> | Strict<nb.IExecuteResult>;
export type ErrorOutput = Strict<nb.IError>;

/** Text in one piece, however the file splits it. */
export function joined(text: MultilineText): string {
  return typeof text === "string" ? text : text.join("");
}

/** Text as a list of lines that keep their line breaks, as Jupyter stores it. */
export function split(text: MultilineText): string[] {
  return joined(text).match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

export function isCode(cell: Cell): cell is CodeCell {
  return cell.cell_type === "code";
}

/**
 * Reads a notebook.
 *
 * @throws Error that names the file and what is wrong with it
 */
export function readNotebook(path: string): Notebook {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new Error(`readNotebook: expected a notebook at ${path}, got none`, {
      cause,
    });
  }
  try {
    return checkNotebook(JSON.parse(text));
  } catch (cause) {
    const fault = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`readNotebook: ${path}: ${fault}`, { cause });
  }
}

/** Refuses what is not a notebook of format 4.5, and says where. */
export function checkNotebook(value: unknown): Notebook {
  const { cells, metadata, nbformat, nbformat_minor } = record(
    value,
    "the notebook",
  );
  if (nbformat !== 4 || !(Number(nbformat_minor) >= 5)) {
    throw new TypeError(
      `expected nbformat 4.5, got ${nbformat}.${nbformat_minor}`,
    );
  }
  record(metadata, "metadata");
  if (!Array.isArray(cells)) throw new TypeError("expected a list of cells");
  const ids = new Set<unknown>();
  for (const [i, cell] of cells.entries()) {
    checkCell(cell, `cell ${i + 1}`);
    if (ids.has(cell.id)) {
      throw new TypeError(`expected unique ids, got "${cell.id}" twice`);
    }
    ids.add(cell.id);
  }
  return value as Notebook;
}

function checkCell(value: unknown, where: string): void {
  const cell = record(value, where);
  const kind = cell.cell_type;
  if (kind !== "code" && kind !== "markdown" && kind !== "raw") {
    throw new TypeError(`${where}: expected code or markdown, got ${kind}`);
  }
  record(cell.metadata, `${where}: metadata`);
  if (typeof cell.id !== "string") {
    throw new TypeError(`${where}: expected an id, got ${cell.id}`);
  }
  const { source } = cell;
  const isText =
    typeof source === "string" ||
    (Array.isArray(source) && source.every((line) => typeof line === "string"));
  if (!isText) throw new TypeError(`${where}: expected source text`);
  if (kind === "code" && !Array.isArray(cell.outputs)) {
    throw new TypeError(`${where}: expected a list of outputs`);
  }
}

function record(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError(`${where}: expected an object`);
  }
  return value as Record<string, unknown>;
}

/**
 * A notebook's file text, as Jupyter itself writes it.
 *
 * One space of indentation, keys in order, source as lines, a final line
 * break: saving it in JupyterLab changes no line.
 */
export function notebookText(notebook: Notebook): string {
  const cells = notebook.cells.map((cell) => ({
    ...cell,
    source: split(cell.source),
  }));
  return `${JSON.stringify(inOrder({ ...notebook, cells }), null, 1)}\n`;
}

/** The same value with the keys of every object in order. */
export function inOrder(value: unknown): unknown {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(inOrder);
  const entries = Object.entries(value).map(
    ([key, each]) => [key, inOrder(each)] as const,
  );
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Writes a notebook, whole or not at all. */
export function writeNotebook(path: string, notebook: Notebook): void {
  try {
    writeWhole(path, notebookText(notebook));
  } catch (cause) {
    throw new Error(`writeNotebook: ${path} could not be written`, { cause });
  }
}
