import {
  type Cell,
  type CodeCell,
  inOrder,
  isCode,
  joined,
  type Notebook,
} from "./format.ts";

/** What every notebook of the kit says about its kernel. */
export const kernelspec = {
  display_name: "PAL Lab (TypeScript)",
  language: "typescript",
  name: "pal-lab",
} as const;

/** As the kernel itself answers, so that opening a notebook changes nothing. */
export const languageInfo = {
  codemirror_mode: { mode: "typescript", name: "javascript", typescript: true },
  file_extension: ".ts",
  mimetype: "text/typescript",
  name: "typescript",
  version: "5.0.4",
} as const;

const limits = {
  codeCells: 40,
  linesPerCell: 20,
  /** Of all outputs, as JSON. */
  outputBytes: 450_000,
} as const;

/** What a notebook measures against the limits. */
export interface NotebookSizes {
  readonly codeCells: number;
  readonly longestCell: number;
  readonly outputBytes: number;
}

export function notebookSizes({ cells }: Notebook): NotebookSizes {
  const code = cells.filter(isCode);
  return {
    codeCells: code.length,
    longestCell: Math.max(0, ...code.map(lineCount)),
    outputBytes: Buffer.byteLength(
      JSON.stringify(code.map(({ outputs }) => outputs)),
    ),
  };
}

function lineCount(cell: Cell): number {
  return joined(cell.source).trimEnd().split("\n").length;
}

/** What keeps a notebook from being committed; nothing for a good one. */
export function lintNotebook(notebook: Notebook): string[] {
  return [
    ...lintMetadata(notebook.metadata),
    ...lintSizes(notebookSizes(notebook)),
    ...notebook.cells.filter(isCode).flatMap(lintOutputs),
  ];
}

function lintMetadata(metadata: Notebook["metadata"]): string[] {
  const faults: string[] = [];
  for (const [field, wanted] of Object.entries({
    kernelspec,
    language_info: languageInfo,
  })) {
    const found = metadata[field];
    if (sorted(found) === sorted(wanted)) continue;
    faults.push(
      `metadata.${field}: expected ${sorted(wanted)}, got ${sorted(found)}`,
    );
  }
  return faults;
}

function sorted(value: unknown): string {
  return JSON.stringify(inOrder(value));
}

function lintSizes(sizes: NotebookSizes): string[] {
  const { codeCells, longestCell, outputBytes } = sizes;
  const faults: string[] = [];
  const check = (what: string, size: number, limit: number) => {
    if (size > limit)
      faults.push(`expected ${what} up to ${limit}, got ${size}`);
  };
  check("code cells", codeCells, limits.codeCells);
  check("lines in a cell", longestCell, limits.linesPerCell);
  check("bytes of outputs", outputBytes, limits.outputBytes);
  return faults;
}

function lintOutputs({ outputs }: CodeCell, i: number): string[] {
  return outputs.flatMap((output) =>
    output.output_type === "error"
      ? [`code cell ${i + 1}: expected no error, got ${output.evalue}`]
      : [],
  );
}
