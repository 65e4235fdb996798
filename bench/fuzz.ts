/**
 * `npm run bench -- fuzz [--count N] [--seed S] [--kind NAME]`: damaged files
 * are fed to the library, which may read them or refuse them in our words.
 *
 * A process of its own reads them, with limits on time and memory. The bench
 * fails where one crashes, hangs, or comes out other than it should; such an
 * input is kept in `.pal/fuzz`. The same count and seed give the same inputs.
 * `--keep` writes the table to `bench/results/fuzz.md`.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Campaign, campaign } from "./fuzz/campaign.ts";
import { kindNamed } from "./fuzz/inputs.ts";
import { kinds } from "./fuzz/kinds.ts";
import { keep, linesOf } from "./fuzz/report.ts";

const root = join(import.meta.dirname, "..");

export async function run(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  const found = await campaign({
    ...options,
    file: join(import.meta.dirname, "fuzz", "kinds.ts"),
    keepIn: join(root, ".pal", "fuzz"),
    onInput: meter(options.count),
  });
  for (const line of linesOf(found)) console.log(line);
  const { faults } = found;
  for (const { detail, kind, n, name, outcome, path } of faults.slice(0, 20)) {
    const what = detail.replace(/\s+/g, " ").slice(0, 300);
    console.error(`${outcome}: ${kind} ${n}, from ${name}: ${what} (${path})`);
  }
  const { count, keep: isKept, seed } = options;
  if (isKept) console.log(`kept in ${keep(found, options)}`);
  console.log(
    `${count} inputs with seed ${seed}, ${faults.length} faults` +
      (faults.length > 20 ? "; the first 20 are shown" : ""),
  );
  if (faults.length > 0) process.exitCode = 1;
}

function readOptions(
  args: readonly string[],
): Pick<Campaign, "count" | "kinds" | "seed"> & { readonly keep: boolean } {
  const { values } = parseArgs({
    args: [...args],
    options: {
      count: { type: "string", default: "2000" },
      seed: { type: "string", default: "1" },
      kind: { type: "string" },
      keep: { type: "boolean", default: false },
    },
  });
  const whole = (name: "count" | "seed") => {
    if (/^\d{1,9}$/.test(values[name])) return Number(values[name]);
    throw new RangeError(
      `fuzz: expected --${name} as a whole number, got "${values[name]}"`,
    );
  };
  const { kind } = values;
  const chosen = kind === undefined ? kinds : [kindNamed(kinds, kind)];
  const [count, seed] = [whole("count"), whole("seed")];
  return { count, seed, kinds: chosen, keep: values.keep };
}

/** A line at every tenth. */
function meter(count: number): NonNullable<Campaign["onInput"]> {
  let shown = 0;
  return (done, faults) => {
    const tenth = Math.floor((10 * done) / count);
    if (tenth === shown) return;
    shown = tenth;
    console.error(`${done} of ${count}, ${faults} faults`);
  };
}
