import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { streamText } from "../../notebooks/runner/stream-text.ts";

/** What a terminal would show, by the rule written down in a few words. */
function shown(text: string): string {
  return text
    .replace(/\r+\n/g, "\n")
    .replace(/\r+/g, "\r")
    .replace(/[^\n\r]*\r(?=[^\n])/g, "");
}

function textOf(parts: readonly string[]): string {
  const { add, lines } = streamText();
  for (const part of parts) add(part);
  return lines.join("");
}

describe("streamText", () => {
  const part = fc.string({ unit: fc.constantFrom("a", "b", "\n", "\r") });

  it("shows what a terminal would, however the text is cut", () => {
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        assert.equal(textOf(parts), shown(parts.join("")));
      }),
    );
  });

  it("ends every line but the last with its break", () => {
    const { add, lines } = streamText();
    for (const text of ["a", "b\nc", "\n", "d"]) add(text);
    assert.deepEqual(lines, ["ab\n", "c\n", "d"]);
  });

  it("keeps beginning and end of a long text, and says what is gone", () => {
    const all = Array.from({ length: 200_000 }, (_, i) => `line ${i}\n`);
    const text = textOf(all);
    assert.ok(text.length < 800_000);
    assert.match(text, /^line 0\nline 1\n/);
    assert.match(text, /line 199998\nline 199999\n$/);
    const note = /\[\.\.\. left out: (\d+) letters, (\d+) lines\]\n/.exec(text);
    const [whole, letters, lines] = note!;
    const kept = text.replace(whole, "");
    assert.equal(kept.length + Number(letters), all.join("").length);
    assert.equal(kept.split("\n").length - 1 + Number(lines), all.length);
  });

  it("keeps the same of a text, however it is cut", () => {
    const all = Array.from({ length: 200_000 }, (_, i) => `line ${i}\n`);
    assert.equal(textOf([all.join("")]), textOf(all));
  });

  it("takes time as the length does, of lines and of one line alike", () => {
    for (const piece of ["one line\n", "no break "]) {
      const seconds = (n: number) => {
        const begin = performance.now();
        textOf(Array.from({ length: n }, () => piece));
        return performance.now() - begin;
      };
      seconds(20_000);
      const [few, many] = [seconds(20_000), seconds(200_000)];
      // 100 times were it quadratic.
      assert.ok(many < 40 * few + 200, `${few} ms, then ${many} ms`);
    }
  });
});
