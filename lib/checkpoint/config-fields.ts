import { readFileSync, statSync } from "node:fs";

/** A config.json as it was read: nothing is known of its fields. */
export type RawConfig = Readonly<Record<string, unknown>>;

/** Reads fields of a model's config.json and says which one is wrong. */
export interface Fields {
  /** A whole number from 1 on. */
  count(key: string, otherwise: number): number;
  /** A number above 0. */
  positive(key: string, otherwise: number): number;
  /** Whole numbers from 1 on. */
  counts(key: string, otherwise: readonly number[]): readonly number[];
  flag(key: string, otherwise: boolean): boolean;
  /** Refuses a model that differs in something no code here handles. */
  expect(key: string, only: unknown): void;
}

/**
 * The fields of a config; a missing one has the value of the official class,
 * because its own writer leaves out what does not differ from it.
 */
export function fieldsOf(caller: string, config: RawConfig): Fields {
  const read = <X>(key: string, otherwise: X, [test, wanted]: Rule): X => {
    const value = config[key] ?? otherwise;
    if (test(value)) return value as X;
    throw new RangeError(
      `${caller}: expected ${key} to be ${wanted}, ` +
        `got ${JSON.stringify(value)?.slice(0, 80)}`,
    );
  };
  return {
    count: (key, otherwise) => read(key, otherwise, count),
    positive: (key, otherwise) => read(key, otherwise, positive),
    counts: (key, otherwise) => read(key, otherwise, counts),
    flag: (key, otherwise) => read(key, otherwise, flag),
    expect: (key, only) => {
      const same = (value: unknown) =>
        JSON.stringify(value) === JSON.stringify(only);
      read(key, only, [same, JSON.stringify(only)]);
    },
  };
}

/** The config.json at `path`; undefined where there is none. */
export function readConfig(
  caller: string,
  path: string,
): RawConfig | undefined {
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (size === undefined) return undefined;
  if (size > maxConfig) {
    throw new RangeError(
      `${caller}: expected a config of at most ${maxConfig} bytes, ` +
        `got ${size} (${path})`,
    );
  }
  let config: unknown;
  try {
    config = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new Error(`${caller}: expected JSON in ${path}`, { cause });
  }
  if (typeof config === "object" && config && !Array.isArray(config)) {
    return config as RawConfig;
  }
  throw new TypeError(`${caller}: expected an object in ${path}`);
}

/** A config names sizes; only a vocabulary in it would need more. */
const maxConfig = 10_000_000; // bytes

type Rule = readonly [test: (value: unknown) => boolean, wanted: string];

const isCount = (value: unknown) =>
  Number.isSafeInteger(value) && (value as number) > 0;
const count: Rule = [isCount, "a whole number from 1 on"];
const positive: Rule = [
  (value) => Number.isFinite(value) && (value as number) > 0,
  "a number above 0",
];
const counts: Rule = [
  (value) => Array.isArray(value) && value.length > 0 && value.every(isCount),
  "a list of whole numbers from 1 on",
];
const flag: Rule = [(value) => typeof value === "boolean", "true or false"];
