/** Which of TensorFlow's settings is fastest on this processor. */
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { hasTensorflow } from "./engine.mjs";
import { palFolder, root } from "./paths.mjs";
import { tensorflowVersion } from "./recipes.mjs";
import { run, SetupError } from "./run.mjs";
import { writeWhole } from "./stamp.mjs";

const script = join(
  dirname(fileURLToPath(import.meta.url)),
  "measure-step.mjs",
);
/** Kept here, and copied to where an install may take it away. */
const file = join(palFolder, "engine-settings.json");
/** Beside the binding, where the library finds it. */
const copy = join(
  root,
  "node_modules",
  "@tensorflow",
  "tfjs-node",
  "lib",
  "napi-v8",
  "pal_settings.json",
);
/** TensorFlow turns oneDNN on by itself on some processors and not on others. */
const variable = "TF_ENABLE_ONEDNN_OPTS";
const rounds = 2;
/** A smaller gain may be noise. */
const leastGain = 1.05;

/** What a measurement holds for. */
function machine() {
  return {
    processor: cpus()[0]?.model.trim() ?? "unknown",
    threads: availableParallelism(),
    tensorflow: tensorflowVersion,
  };
}

/** What was measured on this machine, or undefined. */
export function readMeasured() {
  if (!existsSync(file)) return undefined;
  try {
    const kept = JSON.parse(readFileSync(file, "utf8"));
    const same = Object.entries(machine()).every(
      ([name, value]) => kept.machine[name] === value,
    );
    return same ? kept : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return;
    throw error;
  }
}

async function measure(value) {
  const text = await run(process.execPath, [script], {
    log: `measure-onednn-${value}`,
    limit: 120,
    env: { [variable]: value },
  });
  return JSON.parse(text.trim().split("\n").at(-1));
}

/** Fastest step of each size over the rounds, which take turns. */
async function measureBoth() {
  const fastest = { 0: [Infinity, Infinity], 1: [Infinity, Infinity] };
  for (let round = 0; round < rounds; round++) {
    for (const value of ["0", "1"]) {
      const times = await measure(value);
      fastest[value] = fastest[value].map((best, i) =>
        Math.min(best, times[i]),
      );
    }
  }
  return fastest;
}

/**
 * The setting that is faster over both sizes, or none.
 *
 * @public for its test
 */
export function choose(fastest) {
  const gains = fastest[0].map((off, i) => off / fastest[1][i]);
  const gain = Math.sqrt(gains[0] * gains[1]);
  if (gain > leastGain) return { [variable]: "1" };
  if (gain < 1 / leastGain) return { [variable]: "0" };
  return {};
}

/**
 * What was chosen, in a line.
 *
 * @public for its test
 */
export function lineOf({ chosen, fastest }) {
  const times = (value) =>
    fastest[value].map((ms) => ms.toFixed(0)).join(" and ");
  const choice = { 0: "off", 1: "on" }[chosen[variable]] ?? "left as it is";
  return (
    `oneDNN ${choice}: steps of 1 and 7 million parameters took ` +
    `${times(0)} ms without it, ${times(1)} ms with it`
  );
}

/**
 * Measures once for a processor; says why where that can not be done, as
 * TensorFlow's own choice serves too.
 *
 * @param options - again: measure though it was measured before
 */
export async function measureSettings({ again = false } = {}) {
  if (!hasTensorflow() || !existsSync(dirname(copy))) {
    return { text: "nothing to measure without TensorFlow", done: false };
  }
  if (process.env[variable] !== undefined) {
    return { text: `${variable} is set by hand`, done: false };
  }
  const known = readMeasured();
  if (known && !again) {
    const done = !existsSync(copy);
    if (done) keep(known);
    return { text: known.text, done };
  }
  let kept;
  try {
    const fastest = await measureBoth();
    const chosen = choose(fastest);
    const text = lineOf({ chosen, fastest });
    kept = { machine: machine(), chosen, fastest, text };
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    const [reason] = error.message.split("\n");
    const text = `oneDNN left as it is; it could not be measured: ${reason}`;
    kept = { machine: machine(), chosen: {}, text };
  }
  keep(kept);
  return { text: kept.text, done: true };
}

function keep(kept) {
  const text = `${JSON.stringify(kept, null, 2)}\n`;
  for (const path of [file, copy]) writeWhole(path, text);
}
