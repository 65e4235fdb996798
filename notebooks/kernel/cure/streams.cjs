"use strict";
/** What cells print, in few messages and in bounded memory. */

/** Milliseconds, and messages in that time, before prints are put together. */
const window = 50;
const perWindow = 20;
/** Most letters on their way before the event loop has had its turn. */
const mostUnsent = 4_000_000;
/** Letters of the end that are kept where the middle is left out. */
const endKept = 10_000;

/**
 * Sends what is printed at once, or together where much is printed.
 *
 * A loop that never yields sends nothing while it runs, and a message a line
 * would fill the memory: of what it prints, the beginning and the end are sent,
 * with a line that says how much was left out.
 *
 * @param send - takes the stream's name and a text
 * @returns write(name, text), and flush() before any other message
 */
exports.openStreams = (send) => {
  let pending = []; // { name, text }, neighbors of different names
  let began = Number.NEGATIVE_INFINITY;
  let sent = 0;
  let unsent = 0;
  let left; // { name, letters, lines, end }
  let flushes = false;

  function write(name, text) {
    if (text === "") return;
    const now = performance.now();
    if (now - began >= window) {
      flushPending();
      began = now;
      sent = 0;
    }
    const room = Math.max(0, mostUnsent - unsent);
    if (left !== undefined || text.length > room) leaveOut(name, text, room);
    else keep(name, text);
    if (flushes) return;
    flushes = true;
    setImmediate(flush);
  }

  function keep(name, text) {
    unsent += text.length;
    if (pending.length === 0 && sent < perWindow) {
      sent++;
      send(name, text);
      return;
    }
    const last = pending.at(-1);
    if (last?.name === name) last.text += text;
    else pending.push({ name, text });
  }

  function leaveOut(name, text, room) {
    if (left === undefined && room > 0) keep(name, text.slice(0, room));
    const rest = left === undefined ? text.slice(room) : text;
    left ??= { letters: 0, lines: 0, end: "" };
    left.name = name;
    left.letters += rest.length;
    left.lines += linesIn(rest);
    left.end += rest;
    if (left.end.length > 20 * endKept) left.end = left.end.slice(-endKept);
  }

  function flushPending() {
    const batch = pending;
    pending = [];
    for (const { name, text } of batch) send(name, text);
  }

  /** Sends all that waits; what follows may be sent at once again. */
  function flush() {
    flushes = false;
    flushPending();
    unsent = 0;
    if (left === undefined) return;
    const { end, letters, lines, name } = left;
    left = undefined;
    const shown = end.slice(-endKept);
    const gone = letters - shown.length;
    const what = `${gone} letters, ${lines - linesIn(shown)} lines`;
    const why = "printed faster than they can be sent";
    send(name, gone > 0 ? `\n[... left out: ${what}; ${why}]\n${shown}` : end);
  }

  return { write, flush };
};

function linesIn(text) {
  let lines = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) {
    lines++;
  }
  return lines;
}
