import type { Checkpoint } from "../../checkpoint/checkpoint.ts";

/** Reads what a GGUF file says of its model, and says which of it is wrong. */
export interface GgufFields {
  has(key: string): boolean;
  /** A whole number from 1 on. */
  count(key: string, otherwise?: number): number;
  /** A number above 0, as short as float32 can tell it. */
  positive(key: string, otherwise?: number): number;
  text(key: string): string;
  texts(key: string): readonly string[];
  numbers(key: string): readonly number[];
  /** A token's number, below `length`. */
  token(key: string, length: number): number;
}

type Rule<X> = (value: unknown) => X | undefined;

/** @throws TypeError for a file without a header, as no GGUF is */
export function fieldsOfGguf(
  caller: string,
  { header, name }: Checkpoint,
): GgufFields {
  if (!header) {
    throw new TypeError(
      `${caller}: expected a GGUF file, got another (${name})`,
    );
  }
  const read = <X>(key: string, rule: Rule<X>, wanted: string): X => {
    const value = header.get(key);
    const found = rule(value);
    if (found !== undefined) return found;
    const got = value === undefined ? "nothing" : String(value).slice(0, 80);
    throw new RangeError(
      `${caller}: expected ${key} to be ${wanted}, got ${got} (${name})`,
    );
  };
  const fields = {
    has: (key: string) => header.has(key),
    text: (key: string) => read(key, textOf, "text"),
    texts: (key: string) => read(key, listOf<string>("string"), "texts"),
    numbers: (key: string) => read(key, listOf<number>("number"), "numbers"),
    token: (key: string, length: number) =>
      read(
        key,
        (value) =>
          (wholeOf(value) ?? length) < length ? wholeOf(value) : undefined,
        `a token below ${length}`,
      ),
  };
  const count = (key: string) =>
    read(
      key,
      (value) => wholeOf(value) || undefined,
      "a whole number from 1 on",
    );
  const positive = (key: string) => read(key, positiveOf, "a number above 0");
  const or =
    (required: (key: string) => number) => (key: string, otherwise?: number) =>
      otherwise === undefined || header.has(key) ? required(key) : otherwise;
  return { ...fields, count: or(count), positive: or(positive) };
}

const textOf: Rule<string> = (value) =>
  typeof value === "string" ? value : undefined;

const listOf =
  <X>(type: "string" | "number"): Rule<readonly X[]> =>
  (value) =>
    Array.isArray(value) && value.every((item) => typeof item === type)
      ? value
      : undefined;

const wholeOf: Rule<number> = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 0
    ? (value as number)
    : undefined;

/** 0.000009999999747378752, which is 1e-5 in float32, becomes 1e-5 again. */
const positiveOf: Rule<number> = (value) => {
  if (typeof value !== "number" || !(value > 0 && value < Infinity)) {
    return undefined;
  }
  for (let digits = 1; digits < 10; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
};
