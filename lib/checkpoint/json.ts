/**
 * A number not written as a whole one: `1.0`, `1e3`, `-0`. Apart, because the
 * formats' own libraries take none of them for a count.
 */
export class Fraction {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** A JSON value; objects are maps, so that no name is special. */
export type Json =
  | null
  | boolean
  | number
  | Fraction
  | string
  | readonly Json[]
  | ReadonlyMap<string, Json>;

const space = /[ \t\n\r]*/y;
const literal = /true|false|null/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

interface Cursor {
  readonly text: string;
  readonly maxDepth: number;
  at: number;
}

/**
 * Reads JSON that a stranger wrote: no name twice in an object, no nesting
 * deeper than `maxDepth`, no half of a character, no number without bounds.
 *
 * `JSON.parse` keeps the last of two equal names, which lets a file show one
 * tensor to one program and another to the next.
 */
export function parseStrictJson(text: string, maxDepth: number): Json {
  const cursor: Cursor = { text, maxDepth, at: 0 };
  const value = readValue(cursor, 0);
  skip(cursor, space);
  if (cursor.at !== text.length) fail(cursor, "the end");
  return value;
}

function readValue(cursor: Cursor, depth: number): Json {
  skip(cursor, space);
  const first = cursor.text[cursor.at];
  if (first === "{" || first === "[") {
    if (depth >= cursor.maxDepth) {
      throw new RangeError(
        `parseStrictJson: expected at most ${cursor.maxDepth} levels, ` +
          `got more (at character ${cursor.at})`,
      );
    }
    cursor.at++;
    return first === "{" ? readObject(cursor, depth) : readArray(cursor, depth);
  }
  if (first === '"') return readString(cursor);
  const rule = first === "-" || (first >= "0" && first <= "9");
  const word = skip(cursor, rule ? number : literal);
  if (word === "") fail(cursor, "a value");
  return rule ? numberOf(cursor, word) : (JSON.parse(word) as Json);
}

function numberOf(cursor: Cursor, word: string): number | Fraction {
  const value = Number(word);
  if (!Number.isFinite(value)) {
    cursor.at -= word.length;
    fail(cursor, "a number below 2^1024");
  }
  const isWhole = word !== "-0" && /^-?\d+$/.test(word);
  return isWhole ? value : new Fraction(word);
}

function readObject(cursor: Cursor, depth: number): Json {
  const found = new Map<string, Json>();
  if (take(cursor, "}")) return found;
  do {
    skip(cursor, space);
    const name = readString(cursor);
    if (found.has(name)) {
      throw new RangeError(
        `parseStrictJson: expected each name once, ` +
          `got ${JSON.stringify(name.slice(0, 80))} twice`,
      );
    }
    if (!take(cursor, ":")) fail(cursor, '":"');
    found.set(name, readValue(cursor, depth + 1));
  } while (take(cursor, ","));
  if (!take(cursor, "}")) fail(cursor, '"," or "}"');
  return found;
}

function readArray(cursor: Cursor, depth: number): Json {
  const found: Json[] = [];
  if (take(cursor, "]")) return found;
  do {
    found.push(readValue(cursor, depth + 1));
  } while (take(cursor, ","));
  if (!take(cursor, "]")) fail(cursor, '"," or "]"');
  return found;
}

function readString(cursor: Cursor): string {
  const start = cursor.at;
  if (cursor.text[start] !== '"') fail(cursor, "a string");
  let end = start + 1;
  // Not a regular expression: those keep a stack that a long string bursts.
  while (end < cursor.text.length && cursor.text[end] !== '"') {
    end += cursor.text[end] === "\\" ? 2 : 1;
  }
  cursor.at = end + 1;
  const found = unquote(cursor.text.slice(start, end + 1), start);
  if (!/\p{Surrogate}/u.test(found)) return found;
  throw new RangeError(
    `parseStrictJson: expected whole characters, got half of one ` +
      `(at character ${start})`,
  );
}

function unquote(text: string, start: number): string {
  try {
    return JSON.parse(text) as string;
  } catch (cause) {
    throw new RangeError(
      `parseStrictJson: expected a string, got other text ` +
        `(at character ${start})`,
      { cause },
    );
  }
}

function take(cursor: Cursor, mark: string): boolean {
  skip(cursor, space);
  if (cursor.text[cursor.at] !== mark) return false;
  cursor.at++;
  return true;
}

function skip(cursor: Cursor, rule: RegExp): string {
  rule.lastIndex = cursor.at;
  const found = rule.exec(cursor.text)?.[0] ?? "";
  cursor.at += found.length;
  return found;
}

function fail(cursor: Cursor, wanted: string): never {
  const got = cursor.text.slice(cursor.at, cursor.at + 20);
  throw new RangeError(
    `parseStrictJson: expected ${wanted}, got ${JSON.stringify(got)} ` +
      `(at character ${cursor.at})`,
  );
}
