import * as aq from "arquero";

type ColumnTable = ReturnType<typeof aq.table>;

/** A cell after reading: missing values are null. */
export type Cell = number | string | boolean | null;

export interface Column {
  /** As the reader sees it, with its unit: "accuracy (%)". */
  readonly name: string;
  readonly cells: readonly Cell[];
  /** Whether all cells that are not missing are numbers. */
  readonly isNumber: boolean;
}

/** What danfojs's DataFrame and others like it have. */
export interface DataFrameLike {
  readonly columns: readonly string[];
  readonly values: unknown;
  readonly shape: readonly number[];
}

/** Rows in any of the forms that people keep them in. */
export type Rows = readonly object[] | ColumnTable | DataFrameLike;

/**
 * Reads rows into columns; a row without a column has a missing cell there.
 *
 * Columns keep the order in which the rows first name them.
 */
export function columnsOf(rows: Rows): Column[] {
  const read = isTable(rows)
    ? tableColumns(rows)
    : isDataFrame(rows)
      ? frameColumns(rows)
      : objectColumns(rows);
  const height = read[0]?.[1].length ?? 0;
  if (height === 0) {
    throw new RangeError("table: expected at least one row, got none");
  }
  return read.map(([name, values]) => {
    const cells = values.map((value, row) => cellOf(value, { name, row }));
    const present = cells.filter((cell) => cell !== null);
    const isNumber =
      present.length > 0 && present.every((cell) => typeof cell === "number");
    return { name, cells, isNumber };
  });
}

/** The columns as an arquero table. */
export function arqueroOf(columns: readonly Column[]): ColumnTable {
  return aq.table(columns.map(({ name, cells }) => [name, [...cells]]));
}

type RawColumns = (readonly [string, unknown[]])[];

function isTable(rows: Rows): rows is ColumnTable {
  return "numRows" in rows && typeof rows.numRows === "function";
}

function isDataFrame(rows: Rows): rows is DataFrameLike {
  return "columns" in rows && "values" in rows && "shape" in rows;
}

/** In the table's order: filtered, and as sorted. */
function tableColumns(table: ColumnTable): RawColumns {
  return table.columnNames().map((name) => [name, [...table.array(name)]]);
}

function frameColumns({ columns, values }: DataFrameLike): RawColumns {
  const rows = values as readonly (readonly unknown[])[];
  return columns.map((name, at) => [name, rows.map((row) => row[at])]);
}

function objectColumns(rows: readonly object[]): RawColumns {
  if (!Array.isArray(rows)) {
    throw new TypeError(
      "table: expected rows as objects, an arquero table or a DataFrame, " +
        `got ${kindOf(rows)}`,
    );
  }
  for (const [at, row] of rows.entries()) {
    if (kindOf(row) !== "an object") {
      throw new TypeError(
        `table: expected an object in each row, got ${kindOf(row)} (row ${at})`,
      );
    }
  }
  const names = new Set(rows.flatMap((row) => Object.keys(row)));
  return [...names].map((name) => [name, rows.map((row) => row[name])]);
}

function cellOf(value: unknown, at: { name: string; row: number }): Cell {
  if (value === null || value === undefined) return null;
  if (typeof value === "number") return Number.isNaN(value) ? null : value;
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "bigint") return String(value);
  if (value instanceof Date) return value.toISOString();
  throw new TypeError(
    "table: expected a number, text, a truth value or a date, got " +
      `${kindOf(value)} (column "${at.name}", row ${at.row})`,
  );
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return "an array";
  const kind = typeof value;
  return kind === "object" ? "an object" : `a ${kind}`;
}
