import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { writeWhole } from "../../../lib/files/atomic.ts";
import {
  isCode,
  joined,
  type Notebook,
  readNotebook,
  writeNotebook,
} from "../format.ts";
import { stripped, withoutNotebookLinks, withPictures } from "../reading.ts";
import { asSlides } from "../slides.ts";
import { readSolved } from "../solutions.ts";
import {
  type ExportOptions,
  exportHelp,
  type Form,
  readExportOptions,
} from "./export-options.ts";
import { exitCodeOf, havePython, python } from "./jupyter.ts";
import { notebookName } from "./options.ts";

/**
 * `npm run notebooks -- export`: notebooks as pages, slides or hand-outs.
 *
 * @param root - folder of the repository
 * @returns the exit code: 0 fine, 1 an error, 2 wrong options
 */
export async function exportNotebooks(
  args: readonly string[],
  root = process.cwd(),
): Promise<number> {
  let options: ExportOptions;
  try {
    options = readExportOptions(args, root);
  } catch (error) {
    console.error((error as Error).message);
    return 2;
  }
  if (options.help) {
    console.log(exportHelp);
    return 0;
  }
  // It says what is missing, and the remedy.
  if (options.to !== "notebook" && !(await havePython(root))) return 1;
  let bad = 0;
  for (const path of options.paths) {
    try {
      const place = await exportOne(path, options, root);
      console.log(`  ok  ${notebookName(path)}: ${relative(root, place)}`);
    } catch (error) {
      bad++;
      console.error(`  --  ${(error as Error).message}`);
    }
  }
  return bad === 0 ? 0 : 1;
}

async function exportOne(
  path: string,
  { out, solutions, strip, to }: ExportOptions,
  root: string,
): Promise<string> {
  const read = solutions ? readSolved(path) : readNotebook(path);
  const notebook = strip ? stripped(read) : read;
  const name = notebookName(path) + (solutions ? "-solved" : "");
  if (to === "notebook") {
    const place = join(out, `${name}.ipynb`);
    mkdirSync(out, { recursive: true });
    writeNotebook(place, notebook);
    return place;
  }
  checkTex(notebook, name);
  const cut = to === "slides" ? asSlides(notebook) : notebook;
  const readable = withoutNotebookLinks(withPictures(cut));
  const html = await converted(readable, { name, to, root });
  const place = join(
    out,
    to === "slides" ? `${name}.slides.html` : `${name}.html`,
  );
  mkdirSync(out, { recursive: true });
  writeWhole(place, to === "slides" ? withReveal(html) : html);
  return place;
}

/** A page that asks nothing of the network has nothing that sets TeX. */
function checkTex({ cells }: Notebook, name: string) {
  for (const cell of cells) {
    if (isCode(cell) || !/\$\$|\\begin\{/.test(joined(cell.source))) continue;
    throw new RangeError(
      `export: expected text without TeX, got a formula (${name}, cell ` +
        `${cell.id}); write it in plain text`,
    );
  }
}

interface Conversion {
  readonly name: string;
  readonly to: Exclude<Form, "notebook">;
  readonly root: string;
}

/** By Jupyter's own nbconvert; the .venv must be there. */
async function converted(
  notebook: Notebook,
  { name, root, to }: Conversion,
): Promise<string> {
  const parent = join(root, ".pal", "notebooks");
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, "export-"));
  try {
    const source = join(folder, `${name}.ipynb`);
    writeNotebook(source, notebook);
    const templates = join(root, "notebooks", "runner", "templates");
    const code = await exitCodeOf(join(root, python), [
      ...["-m", "nbconvert", "--log-level=ERROR", `--to=${to}`],
      `--TemplateExporter.extra_template_basedirs=${templates}`,
      `--template=${to === "slides" ? "slides" : "page"}`,
      "--SlidesExporter.reveal_url_prefix=reveal.js",
      ...["--output", "page", source],
    ]);
    if (code !== 0) {
      throw new Error(
        `export: ${name}: expected nbconvert to make ${to}, ` +
          `got exit code ${code}`,
      );
    }
    const file = to === "slides" ? "page.slides.html" : "page.html";
    return readFileSync(join(folder, file), "utf8");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Slides with reveal.js in them, in place of its addresses. */
function withReveal(html: string): string {
  const require = createRequire(import.meta.url);
  const folder = dirname(require.resolve("reveal.js"));
  const read = (file: string) => readFileSync(join(folder, file), "utf8");
  const inlined = html
    .replace(/<link[^>]*href="reveal\.js\/dist\/theme\/[^>]*>/, "")
    .replace(
      /<link[^>]*href="reveal\.js\/dist\/reveal\.css"[^>]*>/,
      () => `<style>${read("reveal.css")}</style>`,
    )
    .replace(
      /<script src="reveal\.js\/dist\/reveal\.js"><\/script>/,
      () => `<script>${read("reveal.js")}</script>`,
    );
  const left = /(?:href|src)="reveal\.js[^"]*"/.exec(inlined);
  if (left !== null) {
    throw new Error(
      `withReveal: expected nbconvert's three references to reveal.js, ` +
        `got ${left[0]} too`,
    );
  }
  return inlined;
}
