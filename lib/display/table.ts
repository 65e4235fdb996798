import type { ColumnTable } from "arquero";
import { arqueroOf, columnsOf, type Rows } from "./columns.ts";
import { writeFiles } from "./files.ts";
import { currentScreen, type Screen } from "./kernel.ts";
import { tableHtml } from "./table-html.ts";
import {
  csv,
  type Digits,
  markdown,
  plainText,
  textColumns,
} from "./table-text.ts";

export interface TableOptions {
  /** Its files' name, without an ending. */
  readonly name: string;
  /** Gets `<name>.csv` and `<name>.md`; made if it is not there. */
  readonly folder: string;
  readonly caption?: string;
  /** Decimals of numbers that are not whole. */
  readonly digits?: Digits;
  /** Where to show it: this process's cell or terminal unless given. */
  readonly screen?: Screen;
}

/**
 * Shows rows as a table and writes them as CSV and Markdown.
 *
 * The CSV has every digit; what people read is rounded.
 *
 * @param rows - plain objects, an arquero table, or a danfojs DataFrame
 * @returns the rows as an arquero table, for more work on them
 */
export function table(
  rows: Rows,
  { name, folder, caption, digits, screen = currentScreen() }: TableOptions,
): ColumnTable {
  const columns = columnsOf(rows);
  const texts = textColumns(columns, digits);
  const paths = writeFiles(folder, name, {
    csv: csv(columns),
    md: markdown(texts, caption),
  });
  const text = plainText(texts, caption);
  if (screen.publish === undefined) {
    screen.write(`${text}\n\nTable: ${paths.join(", ")}\n`);
  } else {
    screen.publish(
      {
        data: {
          "text/html": tableHtml(texts, caption),
          "text/plain": text,
        },
      },
      false,
    );
  }
  return named(arqueroOf(columns));
}

/** Gives the table a short form, which a cell that ends in it prints. */
function named(rows: ColumnTable): ColumnTable {
  const inspect = Symbol.for("nodejs.util.inspect.custom");
  const size = `${rows.numRows()} rows x ${rows.numCols()} columns`;
  return Object.defineProperty(rows, inspect, {
    value: () => `arquero table of ${size}`,
  });
}
