"use strict";
/** A failed cell as the `error` message of Jupyter's protocol. */
const { relative } = require("node:path");
const { fileURLToPath } = require("node:url");
const { inspect } = require("node:util");
const { cells } = require("./cells.cjs");

const maximumFrames = 20;
const maximumWidth = 500;

/**
 * Says what failed, where in the cell, and by which calls.
 *
 * @param failure - { diagnostics } of the compiler, { interrupted: true } or
 *   { thrown }
 * @returns ename, evalue and traceback (lines)
 */
exports.describeFailure = (failure) => {
  const report = describe(failure);
  const traceback = report.traceback.map((line) => line.slice(0, maximumWidth));
  return { ...report, traceback };
};

function describe({ diagnostics, interrupted, thrown }) {
  if (diagnostics) return describeDiagnostics(diagnostics);
  // Node's code for a loop that never yields.
  if (interrupted || thrown?.code === "ERR_SCRIPT_EXECUTION_INTERRUPTED") {
    return plainly("Interrupted", "the cell was interrupted");
  }
  // What the library's loops stop with: where they stood tells nothing.
  if (thrown?.name === "Interrupted") {
    return plainly("Interrupted", String(thrown.message));
  }
  return describeThrown(thrown);
}

function plainly(ename, evalue) {
  return { ename, evalue, traceback: [`${ename}: ${evalue}`] };
}

function describeDiagnostics(diagnostics) {
  const cell = cells.running;
  const ename = "TypeScriptError";
  const traceback = [];
  let evalue;
  let lastPlace;
  for (const { file, line, column, text } of diagnostics) {
    const place = file
      ? { line, column }
      : cells.placeAsWritten(cell, { line, column });
    const where = `line ${place.line}, column ${place.column}`;
    evalue ??= `${file ? `${file}, ` : ""}${where}: ${text}`;
    if (where === lastPlace) {
      traceback.push(`  ${text}`); // the next link of one complaint
      continue;
    }
    lastPlace = where;
    traceback.push(`${ename}: ${text}`, `  ${file || cell.name}, ${where}`);
    if (!file) traceback.push(...excerpt(cell, place));
  }
  return { ename, evalue, traceback };
}

function describeThrown(thrown) {
  if (!(thrown instanceof Error || typeof thrown?.stack === "string")) {
    const shown = inspect(thrown, { depth: 2, breakLength: 80 });
    return plainly("Thrown", shown);
  }
  const ename = String(thrown.name || "Error");
  const evalue = String(thrown.message);
  return { ename, evalue, traceback: tracebackOf(thrown, new Set()) };
}

function tracebackOf(error, seen) {
  seen.add(error);
  const head = `${error.name || "Error"}: ${error.message}`;
  const frames = framesOf(error);
  const lines = head.split("\n");
  for (const place of placesToShow(frames)) {
    const { cell, line, column } = place;
    lines.push(`  ${cell.name}, line ${line}, column ${column}`);
    lines.push(...excerpt(cell, place));
  }
  lines.push(...frames.slice(0, maximumFrames));
  for (const inner of innerErrors(error)) {
    if (seen.has(inner)) continue;
    const [first, ...rest] = tracebackOf(inner, seen);
    lines.push(`Caused by ${first}`, ...rest);
  }
  return lines;
}

function innerErrors({ cause, errors }) {
  return [cause, ...(Array.isArray(errors) ? errors : [])].filter(
    (each) => each instanceof Error,
  );
}

/** The stack's frames, without Node's own, paths as seen from here. */
function framesOf(error) {
  return String(error.stack)
    .split("\n")
    .filter((line) => /^ {4}at /.test(line) && !/node:/.test(line))
    .map((line) =>
      line
        .replace(/file:\/\/[^\s)]+?(?=:\d+:\d+)/, fileURLToPath)
        .replace(/(?<=[( ])\/[^\s)]+?(?=:\d+:\d+)/, (path) =>
          relative(process.cwd(), path),
        ),
    );
}

/** Where it was thrown, and where the running cell stood, if elsewhere. */
function placesToShow(frames) {
  const places = frames.flatMap((frame) => {
    const found = /(cell \d+):(\d+):(\d+)/.exec(frame);
    const cell = found && cells.named(found[1]);
    if (!cell) return [];
    return [{ cell, line: Number(found[2]), column: Number(found[3]) }];
  });
  const thrown = places.slice(0, 1);
  if (thrown[0]?.cell === cells.running) return thrown;
  const here = places.filter(({ cell }) => cell === cells.running);
  return [...thrown, ...here.slice(0, 1)];
}

/** The line, the one before it, and a mark under the column. */
function excerpt({ source }, { line, column }) {
  const lines = source.split("\n");
  const width = String(line).length;
  const gutter = (number) => String(number).padStart(width);
  const shown = [];
  if (line > 1) shown.push(`    ${gutter(line - 1)} | ${lines[line - 2]}`);
  shown.push(`  > ${gutter(line)} | ${lines[line - 1]}`);
  shown.push(`    ${" ".repeat(width)} | ${" ".repeat(column - 1)}^`);
  return shown;
}
