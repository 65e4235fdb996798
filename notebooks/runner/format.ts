import { readFileSync } from "node:fs";
import { writeWhole } from "../../lib/files/atomic.ts";

/** A notebook of format 4.5, as its file holds it. */
export interface Notebook {
  readonly cells: readonly Cell[];
  readonly metadata: NotebookMetadata;
  readonly nbformat: 4;
  readonly nbformat_minor: number;
}

export interface NotebookMetadata {
  readonly kernelspec?: {
    readonly name: string;
    readonly display_name: string;
    readonly language?: string;
  };
  readonly language_info?: {
    readonly name: string;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

export type Cell = CodeCell | TextCell;

export interface CodeCell {
  readonly cell_type: "code";
  readonly id: string;
  readonly metadata: CellMetadata;
  readonly source: MultilineText;
  /** The number beside the cell; null where it was not run. */
  readonly execution_count: number | null;
  readonly outputs: readonly Output[];
}

export interface TextCell {
  readonly cell_type: "markdown" | "raw";
  readonly id: string;
  readonly metadata: CellMetadata;
  readonly source: MultilineText;
}

export interface CellMetadata {
  readonly tags?: readonly string[];
  readonly [field: string]: unknown;
}

/** Text, whole or as lines that keep their line breaks. */
export type MultilineText = string | readonly string[];

/** Forms of one thing by MIME type; text forms may be split into lines. */
export type MimeBundle = Readonly<Record<string, unknown>>;

export type Output = StreamOutput | DisplayOutput | ErrorOutput;

export interface StreamOutput {
  readonly output_type: "stream";
  readonly name: "stdout" | "stderr";
  readonly text: MultilineText;
}

export interface DisplayOutput {
  readonly output_type: "display_data" | "execute_result";
  readonly data: MimeBundle;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** In an `execute_result` only. */
  readonly execution_count?: number | null;
}

export interface ErrorOutput {
  readonly output_type: "error";
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: readonly string[];
}

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
