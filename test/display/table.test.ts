import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import * as aq from "arquero";
import { JSDOM } from "jsdom";
import type { Rows } from "../../lib/display/columns.ts";
import { table } from "../../lib/display/table.ts";
import { cellScreen, temporaryFolder, textScreen } from "./screens.ts";

const folder = temporaryFolder();
const name = "scores";
const rows = [
  { design: "baseline", "accuracy (%)": 61.234, seeds: 2 },
  { design: "delayed-fusion", "accuracy (%)": null, seeds: 2 },
  { design: "attention-only", "accuracy (%)": 7.05, seeds: 0, note: 'a "b"' },
];

function file(ending: string): string {
  return readFileSync(join(folder, `${name}.${ending}`), "utf8");
}

/** Shows rows in a cell and reads the HTML as a browser would. */
function htmlOf(shown: Rows, options = {}) {
  const { published, screen } = cellScreen();
  table(shown, { name, folder, screen, ...options });
  assert.equal(published.length, 1);
  const html = String(published[0].bundle.data["text/html"]);
  return { html, document: new JSDOM(html).window.document };
}

describe("table in a terminal", () => {
  it("aligns numbers at the right and marks what is missing", () => {
    const { screen, written } = textScreen();
    table(rows, { name, folder, caption: "Scores", screen });
    assert.deepEqual(written.join("").split("\n").slice(0, 6), [
      "Scores",
      "design          accuracy (%)  seeds  note",
      "\u2500".repeat(14) +
        "  " +
        "\u2500".repeat(12) +
        "  \u2500\u2500\u2500\u2500\u2500  \u2500\u2500\u2500\u2500\u2500",
      "baseline                61.2      2  \u2013",
      "delayed-fusion             \u2013      2  \u2013",
      'attention-only           7.0      0  a "b"',
    ]);
    assert.ok(written.join("").includes(join(folder, "scores.csv")));
  });
});

describe("table in a cell", () => {
  it("publishes HTML and text in one bundle, and prints nothing", () => {
    const { published, screen } = cellScreen();
    table(rows, { name, folder, screen });
    assert.deepEqual(Object.keys(published[0].bundle.data), [
      "text/html",
      "text/plain",
    ]);
    assert.equal(published[0].update, false);
  });

  it("has a caption, a head with units, and a row for each row", () => {
    const { document } = htmlOf(rows, { caption: "Scores < 100" });
    assert.equal(
      document.querySelector("caption")?.textContent,
      "Scores < 100",
    );
    const texts = (selector: string) =>
      [...document.querySelectorAll(selector)].map((cell) => cell.textContent);
    assert.deepEqual(texts("th"), ["design", "accuracy (%)", "seeds", "note"]);
    assert.deepEqual(texts("tbody tr:nth-child(2) td"), [
      "delayed-fusion",
      "\u2013",
      "2",
      "\u2013",
    ]);
  });

  it("puts text left and numbers right, also without its style sheet", () => {
    const { document } = htmlOf(rows, { caption: "Scores" });
    const sides = (selector: string) =>
      [...document.querySelectorAll<HTMLElement>(selector)].map(
        ({ style }) => style.textAlign,
      );
    const expected = ["left", "right", "right", "left"];
    assert.deepEqual(sides("th"), expected);
    assert.deepEqual(sides("tbody tr:first-child td"), expected);
    assert.deepEqual(sides("caption"), ["left"]);
  });

  it("shows markup as text", () => {
    const markup = '<img src=x onerror="alert(1)">&amp;';
    const { document } = htmlOf([{ [markup]: markup }], { caption: markup });
    assert.equal(document.querySelector("img"), null);
    assert.equal(document.querySelector("td")?.textContent, markup);
    assert.equal(document.querySelector("th")?.textContent, markup);
    assert.equal(document.querySelector("caption")?.textContent, markup);
  });

  it("leaves the end of a long table to its file", () => {
    const many = Array.from({ length: 75 }, (_, step) => ({ step }));
    const { document } = htmlOf(many);
    assert.equal(document.querySelectorAll("tbody tr").length, 60);
    const words = "and 15 more rows in the CSV file";
    assert.equal(document.querySelector("tfoot")?.textContent, words);
    assert.equal(file("csv").trim().split("\r\n").length, 76);
    const { screen, written } = textScreen();
    table(many, { name, folder, screen });
    assert.ok(written.join("").includes(`  59\n${words}\n`));
  });

  it("reads two hundred thousand rows", () => {
    const many = Array.from({ length: 200_000 }, (_, i) => ({ x: i / 7 }));
    const { document } = htmlOf(many);
    assert.equal(document.querySelectorAll("tbody tr").length, 60);
  });
});

describe("the files of a table", () => {
  const { screen } = textScreen();

  it("are CSV as RFC 4180 has it, with every digit", () => {
    const odd = [
      { "a,b": 'say "hi"', x: 1 / 3 },
      { "a,b": "two\nlines", x: null },
      { "a,b": " plain ", x: 1e-9 },
    ];
    table(odd, { name, folder, screen });
    assert.equal(
      file("csv"),
      '"a,b",x\r\n"say ""hi""",0.3333333333333333\r\n' +
        '"two\nlines",\r\n plain ,1e-9\r\n',
    );
  });

  it("are Markdown in which no text ends a cell or starts markup", () => {
    const odd = [{ "a|b": "x | *y* <b>_z_\n`w`", score: 0.5 }];
    table(odd, { name, folder, caption: "1 * 2", screen });
    assert.equal(
      file("md"),
      "**1 \\* 2**\n\n| a\\|b | score |\n| :--- | ---: |\n" +
        "| x \\| \\*y\\* \\<b\\>\\_z\\_<br>\\`w\\` | 0.500 |\n",
    );
  });

  it("are the same bytes twice, with nothing half-written beside", () => {
    table(rows, { name, folder, screen });
    const first = [file("csv"), file("md")];
    table(rows, { name, folder, screen });
    assert.deepEqual([file("csv"), file("md")], first);
    assert.deepEqual(readdirSync(folder).toSorted(), [
      "scores.csv",
      "scores.md",
    ]);
  });
});

describe("numbers of a table", () => {
  const numbers = (shown: Rows, digits?: number | Record<string, number>) => {
    const { document } = htmlOf(shown, { digits });
    return [...document.querySelectorAll("td")].map((cell) => cell.textContent);
  };

  it("have three significant digits in the largest of a column", () => {
    assert.deepEqual(numbers([{ x: 61.234 }, { x: 7.056 }]), ["61.2", "7.1"]);
    assert.deepEqual(numbers([{ x: 0.00012 }]), ["0.000120"]);
    assert.deepEqual(numbers([{ x: 1234.5 }]), ["1235"]);
  });

  it("have the decimals that are asked for, unless all are whole", () => {
    assert.deepEqual(numbers([{ x: 1.234, n: 2 }], 2), ["1.23", "2"]);
    assert.deepEqual(numbers([{ x: 1.234, n: 2 }], { n: 1 }), ["1.23", "2.0"]);
  });

  it("show infinity, and NaN as missing", () => {
    assert.deepEqual(
      numbers([{ x: Number.NEGATIVE_INFINITY }, { x: Number.NaN }, { x: 0.5 }]),
      ["-\u221e", "\u2013", "0.500"],
    );
  });
});

describe("rows of a table", () => {
  const { screen } = textScreen();

  it("may lack a column, which is found in a later row", () => {
    const read = table([{ a: 1 }, { b: true }], { name, folder, screen });
    assert.deepEqual(read.objects(), [
      { a: 1, b: null },
      { a: null, b: true },
    ]);
  });

  it("may come from arquero, filtered and sorted", () => {
    const source = aq
      .from([{ x: 3 }, { x: 1 }, { x: 2 }])
      .filter(aq.escape((row: { x: number }) => row.x > 1))
      .orderby("x");
    const read = table(source, { name, folder, screen });
    assert.deepEqual(read.objects(), [{ x: 2 }, { x: 3 }]);
  });

  it("come back as a table that prints in a few words", () => {
    const read = table(rows, { name, folder, screen });
    assert.equal(inspect(read), "arquero table of 3 rows x 4 columns");
    assert.equal(read.filter(aq.escape(() => true)).numRows(), 3);
  });

  it("are refused where they cannot be shown, with the place", () => {
    const refused = (bad: unknown, message: RegExp | string) =>
      assert.throws(() => table(bad as Rows, { name, folder, screen }), {
        message,
      });
    refused([], "table: expected at least one row, got none");
    refused([1], "table: expected an object in each row, got a number (row 0)");
    refused(
      { a: 1 },
      "table: expected rows as objects, an arquero table or a DataFrame, " +
        "got an object",
    );
    refused(
      [{ a: 1 }, { a: [1] }],
      "table: expected a number, text, a truth value or a date, got an array " +
        '(column "a", row 1)',
    );
    assert.throws(
      () => table(rows, { name: "../up", folder, screen }),
      /expected a name of letters, digits, .* got "\.\.\/up"/,
    );
    assert.throws(
      () => table(rows, { name, folder: "/dev/null/x", screen }),
      /expected a folder to write "scores" to, got ENOTDIR/,
    );
  });
});
