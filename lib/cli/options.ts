import { type ParseArgsConfig, parseArgs } from "node:util";
import { closest, distance } from "fastest-levenshtein";

/**
 * Reads a command's line as `parseArgs` does; what it refuses is said in this
 * kit's words, with the options that there are.
 *
 * @param command - as the message names it
 * @throws RangeError
 */
export function readCommandLine<const T extends ParseArgsConfig>(
  command: string,
  config: T,
): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (cause) {
    const known = Object.keys(config.options ?? {}).map((name) => `--${name}`);
    const fault = faultOf(cause as Error & { code?: string }, known);
    if (fault === undefined) throw cause;
    throw new RangeError(`${command}: ${fault}; --help tells more`, { cause });
  }
}

function faultOf(
  { code, message }: Error & { code?: string },
  known: readonly string[],
): string | undefined {
  const given = /'(.+?)[' ]/.exec(message)?.[1] ?? "";
  switch (code) {
    case "ERR_PARSE_ARGS_UNKNOWN_OPTION":
      return `unknown option ${given}${meant(given, known)}; known: ${known.join(", ")}`;
    case "ERR_PARSE_ARGS_INVALID_OPTION_VALUE":
      if (/ambiguous/.test(message)) {
        return (
          `expected a value after ${given}, got what looks like an option; ` +
          `a value that begins with - is written ${given}=-1`
        );
      }
      return /not take an argument/.test(message)
        ? `expected ${given} without a value, got one`
        : `expected a value after ${given.replace(/,$/, "")}, got none`;
    case "ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL":
      return `expected options alone, got "${given}"`;
  }
  return undefined;
}

/** " (did you mean X?)" where a known word is near, or nothing. */
export function meant(word: string, known: readonly string[]): string {
  if (known.length === 0) return "";
  const near = closest(word, known);
  const isNear = distance(word, near) <= Math.max(2, word.length / 4);
  return isNear ? ` (did you mean ${near}?)` : "";
}
