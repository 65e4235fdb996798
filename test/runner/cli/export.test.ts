import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { JSDOM } from "jsdom";
import { exportNotebooks } from "../../../notebooks/runner/cli/export.ts";
import { readExportOptions } from "../../../notebooks/runner/cli/export-options.ts";
import { python } from "../../../notebooks/runner/cli/jupyter.ts";
import {
  isCode,
  joined,
  readNotebook,
} from "../../../notebooks/runner/format.ts";
import { temporaryFolder } from "../../temporary.ts";
import { root } from "../support.ts";

const out = temporaryFolder();
const made = (...args: string[]) =>
  exportNotebooks([...args, "--out", out], root);
const pageOf = (file: string) =>
  new JSDOM(readFileSync(join(out, file), "utf8")).window.document;

/** Pages are made by JupyterLab's own nbconvert. */
const skip = existsSync(join(root, python))
  ? false
  : "no .venv: npm run lab -- --setup-only makes it";

describe("npm run notebooks -- export", () => {
  it("refuses a form that it does not know, and a mere copy", () => {
    assert.throws(
      () => readExportOptions(["00", "--to", "pdf"], root),
      /expected --to html, slides, notebook, got "pdf"/,
    );
    assert.throws(() => readExportOptions(["00"], root), /it would be a copy$/);
    assert.throws(
      () => readExportOptions(["9", "--strip"], root),
      /unknown notebook "9"; known: 00-start-here, /,
    );
  });

  it("hands a notebook out without outputs", async () => {
    assert.equal(await made("00", "--strip"), 0);
    const { cells } = readNotebook(join(out, "00-start-here.ipynb"));
    const code = cells.filter(isCode);
    assert.ok(code.length > 10);
    assert.ok(code.every(({ outputs }) => outputs.length === 0));
  });

  it("solves the exercises for teachers, under another name", async () => {
    assert.equal(await made("03", "--solutions"), 0);
    const { cells } = readNotebook(join(out, "03-designs-solved.ipynb"));
    const texts = cells.map(({ source }) => joined(source)).join("\n");
    assert.ok(!texts.includes("yours to write"));
    assert.match(texts, /const first = Number\(variant\.fusionLayer\)/);
  });

  it("makes a page that asks nothing of the network", { skip }, async () => {
    assert.equal(await made("00", "--to", "html"), 0);
    const page = pageOf("00-start-here.html");
    const loaded = [...page.querySelectorAll("script[src], link, img, audio")];
    const addresses = loaded.map(
      (element) => element.getAttribute("src") ?? element.getAttribute("href"),
    );
    assert.ok(loaded.length > 3);
    assert.ok(addresses.every((address) => address?.startsWith("data:")));
    const pictures = [...page.querySelectorAll("img")];
    assert.ok(pictures.length >= 3);
    for (const { alt } of pictures) assert.match(alt, /\w+ \w+ \w+/);
    assert.ok(!page.querySelector('a[href$=".ipynb"]'));
  });

  it("makes slides with reveal.js in them", { skip }, async () => {
    assert.equal(await made("00", "--to", "slides"), 0);
    const page = pageOf("00-start-here.slides.html");
    assert.ok(page.querySelectorAll(".slides > section").length > 5);
    assert.equal(page.querySelector("script[src], link[href]"), null);
    assert.match(page.documentElement.outerHTML, /revealjs\.com/);
  });

  it("leaves nothing half-made beside what it made", () => {
    const left = readdirSync(join(root, ".pal", "notebooks"));
    assert.deepEqual(
      left.filter((name) => name.startsWith("export-")),
      [],
    );
  });
});
