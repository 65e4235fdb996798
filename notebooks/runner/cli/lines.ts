import type { CellFailure, CellProgress } from "../run-notebook.ts";

/** Where lines go; `live` when a line may be written over. */
export interface Terminal {
  readonly live: boolean;
  readonly width: number;
  write(text: string): void;
}

export function terminalOf(stream: NodeJS.WriteStream): Terminal {
  return {
    live: stream.isTTY === true,
    width: stream.columns ?? 100,
    write: (text) => stream.write(text),
  };
}

const startOfLine = "\r\u001b[2K";
const marks = { running: "..", ok: "ok", error: "--", skipped: "  " } as const;

/** One line: mark, notebook, cell, seconds, the cell's first words. */
function cellLine(
  name: string,
  { cell, nCells, seconds, source, state }: CellProgress,
): string {
  const total = String(nCells);
  const count = `${String(cell).padStart(total.length)}/${total}`;
  const time = `${seconds.toFixed(1).padStart(7)} s`;
  return `  ${marks[state]}  ${name}  ${count} ${time}  ${firstWords(source)}`;
}

/** The first line that says something: no comment mark, no brackets alone. */
function firstWords(source: string): string {
  const lines = source.split("\n").map((line) => line.trim());
  return lines.find((line) => /\w/.test(line)) ?? "";
}

/** Prints a line per cell; in a terminal the running cell's line counts on. */
export function cellPrinter(name: string, terminal: Terminal) {
  let timer: NodeJS.Timeout | undefined;
  const print = (progress: CellProgress, over: boolean) => {
    const line = cellLine(name, progress).slice(0, terminal.width - 1);
    if (terminal.live) terminal.write(startOfLine + line + (over ? "\n" : ""));
    else if (over) terminal.write(`${line}\n`);
  };
  return {
    onCell(progress: CellProgress): void {
      clearInterval(timer);
      print(progress, progress.state !== "running");
      if (progress.state !== "running" || !terminal.live) return;
      const begin = performance.now();
      timer = setInterval(() => {
        const seconds = (performance.now() - begin) / 1000;
        print({ ...progress, seconds }, false);
      }, 1000);
    },
    /** Ends a line that is still open. */
    end(): void {
      clearInterval(timer);
      if (terminal.live) terminal.write(startOfLine);
    },
  };
}

/** A failure with its trace, indented under the cell's line. */
export function failureLines(name: string, failure: CellFailure): string {
  const { cell, error } = failure;
  const trace = error.traceback.map((line) => `      ${line}`);
  return [`  --  ${name}, code cell ${cell}: ${error.ename}`, ...trace].join(
    "\n",
  );
}
