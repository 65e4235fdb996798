"use strict";
/** The cells that ran: their text, and the way back to their lines. */
const { SourceMap } = require("node:module");

/** tslab puts this line before a cell, to make it a module. */
const addedLines = 1;

/** Cells by the file name that stacks give them, "cell 3". */
const byName = new Map();
let running;

/** Called when a cell's turn comes; `count` is the number beside the cell. */
function begin(count, source) {
  const name = `cell ${count}`;
  running = { name, source, insertions: [], maps: [], nLines: Infinity };
  byName.set(running.name, running);
  return running;
}

/**
 * Takes an offset in the repaired text back to the text as written.
 *
 * @param insertions - { at, text }: what was put in, by offset as written
 */
function offsetAsWritten(insertions, offset) {
  let added = 0;
  for (const { at, text } of insertions) {
    if (offset < at + added) break;
    if (offset < at + added + text.length) return at;
    added += text.length;
  }
  return offset - added;
}

function offsetOf(text, { line, column }) {
  const before = text.split("\n").slice(0, line - 1);
  return before.reduce((sum, each) => sum + each.length + 1, 0) + column - 1;
}

/** Line and column, both from 1, of an offset; past the end is the end. */
function placeOf(text, offset) {
  const lines = text.slice(0, Math.max(0, offset)).split("\n");
  return { line: lines.length, column: lines[lines.length - 1].length + 1 };
}

/** A place in the repaired text, as a place in the cell as written. */
function placeAsWritten(cell, place) {
  const { insertions, repaired = cell.source, source } = cell;
  const offset = offsetOf(repaired, place);
  return placeOf(source, offsetAsWritten(insertions, offset));
}

/**
 * A place in the JavaScript that ran, as a place in the cell as written.
 *
 * @returns undefined for code that tslab added
 */
function placeInCell(cell, { line, column }) {
  let place = { line: line - 1, column: column - 1 };
  for (const map of cell.maps) {
    const entry = map.findEntry(place.line, place.column);
    if (entry.originalLine === undefined) return undefined;
    place = { line: entry.originalLine, column: entry.originalColumn };
  }
  const repaired = {
    line: place.line + 1 - addedLines,
    column: place.column + 1,
  };
  return repaired.line < 1 ? undefined : placeAsWritten(cell, repaired);
}

/** tslab's and Node's steps between the kernel and a cell. */
const machinery =
  /node:vm|sigintHandlersWrap|[\\/]tslab[\\/]dist[\\/]|[\\/]kernel[\\/](?:cure|preload)\b/;

/**
 * The text of a stack frame with the cell's own line and column in it.
 *
 * @returns undefined for a frame of the kernel itself
 */
function mapFrame(text) {
  const found = /(cell \d+):(\d+):(\d+)/.exec(text);
  const cell = found && byName.get(found[1]);
  if (!cell) return machinery.test(text) ? undefined : text;
  const [whole, name, line, column] = found;
  if (Number(line) > cell.nLines) return undefined; // the call of the cell
  const place = placeInCell(cell, {
    line: Number(line),
    column: Number(column),
  });
  const where = place ? `${name}:${place.line}:${place.column}` : name;
  // tslab keeps what cells declare in a Proxy: nothing the reader knows.
  return text.replace(whole, where).replace(/\bProxy\./, "");
}

function headOf(error) {
  try {
    const { code } = error;
    const text = Error.prototype.toString.call(error);
    return typeof code === "string" && code.startsWith("ERR_")
      ? text.replace(error.name, `${error.name} [${code}]`)
      : text;
  } catch {
    return "Error"; // an error whose own name or message throws
  }
}

/** Makes every stack, printed or reported, name the cells' own lines. */
function mapStacks() {
  Error.stackTraceLimit = 50; // 10 may not reach down to the cell
  Error.prepareStackTrace = (error, frames) => {
    const lines = frames.map((frame) => mapFrame(String(frame)));
    const kept = lines.filter((line) => line !== undefined);
    return [headOf(error), ...kept].join("\n    at ");
  };
}

/** Keeps the running cell's way back: from what runs to what was written. */
function keepCompiled(text, maps) {
  if (running === undefined) return;
  running.nLines = text.split("\n").length;
  running.maps = maps.map((map) => new SourceMap(map));
}

exports.cells = {
  begin,
  keepCompiled,
  mapStacks,
  named: (name) => byName.get(name),
  placeAsWritten,
  get running() {
    return running;
  },
};
