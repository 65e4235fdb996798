/** Reads a script's command line; needs no package, as set-up itself. */

/** A command line that cannot be read; exit code 2. */
export class ArgumentError extends Error {}

/** How many letters two words differ by. */
function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[b.length];
}

function meant(word, known) {
  const [near] = known.toSorted(
    (a, b) => distance(word, a) - distance(word, b),
  );
  const isNear = near && distance(word, near) <= Math.max(2, word.length / 4);
  return isNear ? ` (did you mean ${near}?)` : "";
}

function unknown(name, option, known) {
  return new ArgumentError(
    /^-/.test(option)
      ? `${name}: unknown option ${option}${meant(option, known)}; ` +
          `known: ${known.join(", ")}; --help tells more`
      : `${name}: expected options alone, got "${option}"; --help tells more`,
  );
}

/**
 * Prints the help that is asked for, or reads the options.
 *
 * @param command - name: as `npm run` has it; help; flags: names without a
 *   value; values: names with one; rest: what may stand beside ("words"), or
 *   "all" where other options too are somebody else's
 * @returns undefined where help was printed; else the options by name, and
 *   `rest`, the arguments that are not ours
 */
export function readArguments(command, args = process.argv.slice(2)) {
  const { flags = [], help, name, rest: allowed, values = [] } = command;
  if (args.includes("--help") || args.includes("-h")) {
    console.log(help);
    return undefined;
  }
  const known = [...flags, ...values, "help"].map((each) => `--${each}`);
  const options = { rest: [] };
  for (let i = 0; i < args.length; i++) {
    const [option, inline] = args[i].split(/=(.*)/s);
    const plain = option.replace(/^--/, "");
    if (option !== plain && flags.includes(plain)) options[plain] = true;
    else if (option !== plain && values.includes(plain)) {
      options[plain] = inline ?? args[++i];
      if (options[plain]) continue;
      throw new ArgumentError(
        `${name}: expected a value after ${option}, got none`,
      );
    } else if (allowed === "all" && meant(option, known)) {
      throw unknown(name, option, known);
    } else if (
      allowed === "all" ||
      (allowed === "words" && !/^-/.test(option))
    ) {
      options.rest.push(args[i]);
    } else {
      throw new ArgumentError(
        /^-/.test(option)
          ? `${name}: unknown option ${option}${meant(option, known)}; ` +
              `known: ${known.join(", ")}; --help tells more`
          : `${name}: expected options alone, got "${option}"; --help tells more`,
      );
    }
  }
  return options;
}
