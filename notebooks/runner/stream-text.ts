/** Most letters kept from the beginning of a stream, and from its end. */
const kept = 250_000;
/** A longer piece without a line break is stored in several. */
const longestPiece = 100_000;

/** A stream's text as it grows: in a time that its length alone decides. */
export interface StreamText {
  /** The lines so far, with their breaks; grows in place. */
  readonly lines: string[];
  add(text: string): void;
}

/**
 * Text as a terminal would show it: a carriage return starts its line again.
 *
 * Of a long text the beginning and the end are kept, and a line between them
 * says how much was left out. What is kept depends on the text alone, not on
 * the messages it came in.
 */
export function streamText(): StreamText {
  const lines: string[] = [];
  const bounds = boundedTail(lines);
  let line = "";
  /** Whether the line ends in a carriage return that nothing has followed. */
  let returned = false;
  let isOpen = false;

  function put(): void {
    const text = returned ? `${line}\r` : line;
    if (isOpen) lines[lines.length - 1] = text;
    else lines.push(text);
    isOpen = true;
  }

  function close(): void {
    bounds.closed(lines[lines.length - 1].length);
    line = "";
    returned = false;
    isOpen = false;
  }

  function extend(part: string): void {
    if (part === "") return;
    const body = withoutReturns(part);
    const at = body.lastIndexOf("\r");
    const restarts = at >= 0 || (returned && body !== "");
    const whole = (restarts ? "" : line) + body.slice(at + 1);
    const returns = body !== part || (returned && body === "");
    let begin = 0;
    for (; whole.length - begin > longestPiece; begin += longestPiece) {
      line = whole.slice(begin, begin + longestPiece);
      returned = false;
      put();
      close();
    }
    line = begin === 0 ? whole : whole.slice(begin);
    returned = returns;
    put();
  }

  return {
    lines,
    add(text) {
      let begin = 0;
      for (;;) {
        const end = text.indexOf("\n", begin);
        if (end < 0) break;
        extend(text.slice(begin, end));
        line += "\n";
        returned = false;
        put();
        close();
        begin = end + 1;
      }
      extend(text.slice(begin));
    },
  };
}

function withoutReturns(text: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === "\r") end--;
  return text.slice(0, end);
}

/** Takes pieces out between the beginning and the end, when they are many. */
function boundedTail(lines: string[]) {
  let head = 0; // pieces of the beginning
  let headLength = 0;
  let tailLength = 0;
  let left: { letters: number; lines: number } | undefined;

  function cut(): void {
    const begin = left === undefined ? head : head + 1;
    left ??= { letters: 0, lines: 0 };
    let end = begin;
    for (; tailLength > kept; end++) {
      tailLength -= lines[end].length;
      left.letters += lines[end].length;
      if (lines[end].endsWith("\n")) left.lines++;
    }
    const what = `${left.letters} letters, ${left.lines} lines`;
    lines.splice(head, end - head, `[... left out: ${what}]\n`);
  }

  return {
    /** Counts the last piece, which will not change any more. */
    closed(length: number): void {
      if (left === undefined && tailLength === 0 && headLength < kept) {
        headLength += length;
        head++;
        return;
      }
      tailLength += length;
      if (tailLength > 2 * kept) cut();
    },
  };
}
