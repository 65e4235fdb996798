import { useEngine } from "../engine/engine.ts";
import { readSettings } from "../session/settings.ts";
import { Stopped } from "../train/run/faults.ts";
import { pretrain as pretrainInLab } from "../world/lab/pretrain.ts";
import { type RecipeName, recipes } from "../world/lab/recipes.ts";
import { meant, readCommandLine } from "./options.ts";
import { openBars, stopSignal } from "./train-bars.ts";

const names = Object.keys(recipes) as RecipeName[];

const usage = `npm run pal -- pretrain MODEL --out DIR

Makes a model of the lab world from nothing and writes its weights to
DIR/model.safetensors. Stopped (Ctrl-C) or killed, the same command goes on.

${names.map((name) => `  ${name.padEnd(14)} ${recipes[name].summary}`).join("\n")}

  --out DIR      the model's own folder
  --clips DIR    training clips, for models that hear: npm run pal -- render
                 train --out SETS makes them in SETS/train
  --seed N       of weights and order; default 1
  --scale SCALE  lab (default: minutes) or smoke (seconds, learns nothing)

PAL_ENGINE chooses the engine. Exit code: 0 done, 1 a fault, 2 wrong options,
130 stopped.`;

/** Makes a lab model, or goes on with it. */
export async function pretrain(args: readonly string[]): Promise<number> {
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
  const { name, ...rest } = options;
  const { engine, portable } = readSettings(process.env);
  await useEngine(engine, { portable });
  const bars = openBars((line) => console.error(line));
  try {
    const path = await pretrainInLab(name, {
      ...{ ...rest, signal: stopSignal(bars.say), report: bars.say },
      onStep: (report) => bars.onStep({ ...report, part: name }),
    });
    console.log(`done: ${path}`);
    return 0;
  } catch (error) {
    bars.end();
    if (!(error instanceof Stopped)) throw error;
    console.error(error.message);
    return 130;
  }
}

function readOptions(args: readonly string[]) {
  const { positionals, values } = readCommandLine("pretrain", {
    args: [...args],
    allowPositionals: true,
    options: {
      out: { type: "string" },
      clips: { type: "string" },
      scale: { type: "string", default: "lab" },
      seed: { type: "string", default: "1" },
    },
  });
  const [model, ...more] = positionals;
  const { clips, out, scale, seed } = values;
  if (model === undefined || more.length > 0 || !out) {
    throw new RangeError(
      `pretrain: expected MODEL and --out, got "${args.join(" ")}"; ` +
        "--help tells more",
    );
  }
  const name = names.find((known) => known === model);
  if (!name) {
    throw new RangeError(
      `pretrain: expected one of ${names.join(", ")}, got "${model}"` +
        `${meant(model, names)}`,
    );
  }
  if (scale !== "lab" && scale !== "smoke") {
    throw new RangeError(
      `pretrain: expected --scale lab or smoke, got "${scale}"`,
    );
  }
  if (!/^\d+$/.test(seed)) {
    throw new RangeError(
      `pretrain: expected a whole number for --seed, got "${seed}"`,
    );
  }
  return { name, clips, folder: out, scale, seed: Number(seed) } as const;
}
