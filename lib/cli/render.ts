import { join } from "node:path";
import { progress } from "../display/progress.ts";
import { findRoot } from "../session/folders.ts";
import { renderSet } from "../world/lab/sound/render-set.ts";
import { clipSets } from "../world/lab/sound/sets.ts";
import { meant, readCommandLine } from "./options.ts";

type SetName = keyof typeof clipSets;

const names = Object.keys(clipSets) as SetName[];

const usage = `npm run pal -- render [SET...] --out DIR

Renders the lab world's clips: 2.56 s of one to three sounds, what is true of
each beside it. Stopped or killed, the same command goes on; the same seed gives
the same bytes on every machine.

${names.map((name) => `  ${name.padEnd(12)} ${clipSets[name].count} clips: ${clipSets[name].shows}`).join("\n")}

  --out DIR      holds a folder for each set; 85 kB a clip
  --seed N       default 1
  --rate HZ      samples a second; default 16000
  --count N      clips of each set; default its own number
  --workers N    threads; default one a core

Sets may be named; default all. Exit code: 0 done, 1 a fault, 2 wrong options,
130 stopped.`;

/** Renders sets of clips, or goes on with them. */
export async function render(args: readonly string[]): Promise<number> {
  if (args.length === 0 || args.includes("--help") || args.includes("-h")) {
    console.log(usage);
    return args.length === 0 ? 2 : 0;
  }
  let options: ReturnType<typeof readOptions>;
  try {
    options = readOptions(args);
  } catch (error) {
    console.error((error as Error).message);
    return 2;
  }
  const { sets, ...rest } = options;
  const root = findRoot(import.meta.dirname);
  const soundfonts = join(root, "data-manifests", "soundfonts.json");
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort(new Error("interrupted")));
  for (const set of sets) {
    const bar = progress(rest.count ?? clipSets[set].count, `render ${set}`);
    let shown = 0;
    try {
      const folder = await renderSet(set, {
        ...{ ...rest, soundfonts, signal: stop.signal },
        onStep: (done) => {
          bar.tick(done - shown);
          shown = done;
        },
      });
      bar.done();
      console.log(`done: ${folder}`);
    } catch (error) {
      bar.done();
      if (!stop.signal.aborted) throw error;
      console.error(
        `render: stopped after ${shown} clips of ${set}; ` +
          "the same command goes on from there",
      );
      return 130;
    }
  }
  return 0;
}

function readOptions(args: readonly string[]) {
  const { positionals, values } = readCommandLine("render", {
    args: [...args],
    allowPositionals: true,
    options: {
      out: { type: "string" },
      seed: { type: "string", default: "1" },
      rate: { type: "string", default: "16000" },
      count: { type: "string" },
      workers: { type: "string" },
    },
  });
  if (!values.out) {
    throw new RangeError(
      "render: expected --out DIR, got none; --help tells more",
    );
  }
  return {
    sets: positionals.length > 0 ? positionals.map(setNamed) : names,
    folder: values.out,
    seed: wholeNumber("seed", values.seed),
    sampleRate: wholeNumber("rate", values.rate, 8000),
    count: given("count", values.count),
    nWorkers: given("workers", values.workers),
  };
}

const given = (what: string, text: string | undefined) =>
  text === undefined ? undefined : wholeNumber(what, text, 1);

function setNamed(name: string): SetName {
  const found = names.find((known) => known === name);
  if (found) return found;
  throw new RangeError(
    `render: expected sets of ${names.join(", ")}, got "${name}"` +
      `${meant(name, names)}`,
  );
}

function wholeNumber(what: string, text: string, least = 0): number {
  if (/^\d+$/.test(text) && Number(text) >= least) return Number(text);
  throw new RangeError(
    `render: expected a whole number from ${least} for --${what}, got "${text}"`,
  );
}
