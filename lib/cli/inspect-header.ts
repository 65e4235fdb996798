import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import { shown } from "../hub/shown.ts";

type Header = NonNullable<Checkpoint["header"]>;
type Value = Header extends ReadonlyMap<string, infer V> ? V : never;

/** A header's value as JSON has it: of a list, its length and first values. */
type JsonValue =
  | string
  | number
  | boolean
  | { readonly length: number; readonly values: readonly JsonValue[] };

/** What a GGUF file says of its model, as JSON. */
export function headerJson(
  header: Header,
  first: number,
): Readonly<Record<string, JsonValue>> {
  return Object.fromEntries(
    [...header].map(([key, value]) => [key, jsonOf(value, first)]),
  );
}

function jsonOf(value: Value, first: number): JsonValue {
  if (typeof value === "bigint") return String(value); // more than 2^53
  if (typeof value === "number") {
    return Number.isFinite(value) ? value : String(value);
  }
  if (typeof value !== "object") return value;
  const values = value.slice(0, first).map((item) => jsonOf(item, first));
  return { length: value.length, values };
}

/** The same as lines for people. */
export function headerLines(header: Header, first: number): string[] {
  return [...header].map(
    ([key, value]) => `${shown(key)}: ${textOf(value, first)}`,
  );
}

function textOf(value: Value, first: number): string {
  if (typeof value === "string") return shown(JSON.stringify(value), 2000);
  if (typeof value !== "object") return String(value);
  const start = value.slice(0, first).map((item) => textOf(item, first));
  const rest = value.length > first ? ", ..." : "";
  return `${value.length} values: ${start.join(", ")}${rest}`;
}
