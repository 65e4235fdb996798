import { resolve } from "node:path";
import { readCommandLine } from "../../../lib/cli/options.ts";
import { findNotebooks } from "./options.ts";

export interface ExportOptions {
  readonly paths: readonly string[];
  readonly to: Form;
  readonly strip: boolean;
  readonly solutions: boolean;
  readonly out: string;
  readonly help: boolean;
}

/** What a notebook is made into. */
export type Form = (typeof forms)[number];
const forms = ["html", "slides", "notebook"] as const;

export const exportHelp = `npm run notebooks -- export [names] [options]

Makes pages to read, slides to show or notebooks to hand out of notebooks/*.ipynb,
or of the ones named, as they are stored: nothing is run. A page needs no network.

  --to FORM     html, slides, or notebook (default)
  --strip       without outputs
  --solutions   with the exercises solved, for teachers
  --out FOLDER  where they go (default .pal/export)

Slides begin at headings, one cell each; a cell's own slide type goes first.`;

/** Reads the command line; throws with a line that says what is wrong. */
export function readExportOptions(
  args: readonly string[],
  root: string,
): ExportOptions {
  const { positionals, values } = readCommandLine("notebooks export", {
    args: [...args],
    allowPositionals: true,
    options: {
      to: { type: "string", default: "notebook" },
      strip: { type: "boolean", default: false },
      solutions: { type: "boolean", default: false },
      out: { type: "string", default: ".pal/export" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const { help, out, solutions, strip, to } = values;
  if (!isForm(to)) {
    throw new RangeError(
      `export: expected --to ${forms.join(", ")}, got "${to}"`,
    );
  }
  if (to === "notebook" && !strip && !solutions && !help) {
    throw new RangeError(
      "export: expected --to html or slides, or --strip or --solutions for a " +
        "notebook, got none: it would be a copy",
    );
  }
  const paths = help ? [] : findNotebooks(positionals, root);
  return { paths, to, strip, solutions, out: resolve(root, out), help };
}

function isForm(name: string): name is Form {
  return (forms as readonly string[]).includes(name);
}
