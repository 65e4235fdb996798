import type { EngineRequest } from "../engine/engine.ts";

/** How large a run is: seconds, a minute or two, or what the figures show. */
export type Scale = (typeof scaleNames)[number];
export const scaleNames = ["smoke", "quick", "full"] as const;

/** What the environment asks of a notebook. */
export interface Settings {
  readonly engine: EngineRequest;
  /** Undefined: full on an engine that compiles, quick on the others. */
  readonly scale: Scale | undefined;
  /** True: remember nothing from earlier runs. */
  readonly fresh: boolean;
  /** True: the same bytes on one core and on two, more slowly. */
  readonly portable: boolean;
}

const engines: readonly string[] = [
  "auto",
  "tensorflow",
  "tensorflow-gpu",
  "webgpu",
  "wasm",
];

function oneOf<T extends string>(
  name: string,
  value: string | undefined,
  known: readonly string[],
): T | undefined {
  if (value === undefined || value === "") return undefined;
  if (known.includes(value)) return value as T;
  throw new RangeError(
    `startSession: expected ${name} to be one of ${known.join(", ")}, ` +
      `got "${value}"`,
  );
}

/**
 * Reads PAL_ENGINE, PAL_SCALE, PAL_FRESH and PAL_PORTABLE.
 *
 * @throws RangeError for a value that is not known
 */
export function readSettings(
  environment: Readonly<Record<string, string | undefined>>,
): Settings {
  const { PAL_ENGINE, PAL_FRESH, PAL_PORTABLE, PAL_SCALE } = environment;
  return {
    engine: oneOf("PAL_ENGINE", PAL_ENGINE, engines) ?? "auto",
    scale: oneOf("PAL_SCALE", PAL_SCALE, scaleNames),
    fresh: PAL_FRESH === "1",
    portable: PAL_PORTABLE === "1",
  };
}
