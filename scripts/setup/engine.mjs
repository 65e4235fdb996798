/** Sets up the best engine that can be had here, and says why. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  buildBinding,
  isLinked,
  linkBinding,
  probeEngine,
} from "./binding.mjs";
import { engineFolder } from "./paths.mjs";
import { recipeFor, tensorflowVersion } from "./recipes.mjs";
import { run, SetupError } from "./run.mjs";
import { clearStamp, readStamp, writeStamp } from "./stamp.mjs";
import { fetchWheel } from "./wheel.mjs";

/** True when NVIDIA's driver answers. */
export async function hasNvidiaGpu() {
  try {
    const text = await run("nvidia-smi", ["-L"], { log: "gpu", limit: 20 });
    return text.includes("GPU 0");
  } catch (error) {
    if (error instanceof SetupError) return false;
    throw error;
  }
}

/** True when a TensorFlow engine has been set up here. */
export const hasTensorflow = () =>
  Object.keys(attempts).some((engine) => readStamp(engine) !== undefined);

/** Downloads, compiles, links and tries one engine, or finds it in place. */
async function install(engine) {
  const recipe = recipeFor(engine);
  if (recipe === undefined) {
    throw new SetupError(
      `no recipe for ${engine} on ${process.platform}-${process.arch}`,
      "the wasm and webgpu engines work there",
    );
  }
  const folder = join(engineFolder, `${recipe.wheel}-${tensorflowVersion}`);
  const file = join(folder, "tfjs_binding.node");
  const seal = `${recipe.wheel} ${tensorflowVersion} Node ${process.version}`;
  const [sealed, text] = readStamp(engine)?.split("\n") ?? [];
  if (sealed === seal && isLinked(recipe, file)) return { text, done: false };

  clearStamp(engine);
  mkdirSync(folder, { recursive: true });
  const outcome = await make(recipe, folder, file);
  writeStamp(engine, `${seal}\n${outcome}`);
  return { text: outcome, done: true };
}

async function make(recipe, folder, file) {
  const site = join(folder, "site");
  await fetchWheel(recipe, site);
  await buildBinding(recipe, site, file);
  linkBinding(recipe, file);
  try {
    return `${recipe.engine}: ${await probeEngine(recipe.npm)}`;
  } catch (error) {
    // What does not load is not kept: the next run starts it afresh.
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Tries the package's own prebuilt binary, where its host answers. */
async function installPrebuilt() {
  const host = "https://storage.googleapis.com/tensorflow/libtensorflow/";
  try {
    await fetch(host, { method: "HEAD", signal: AbortSignal.timeout(4000) });
  } catch (error) {
    throw new SetupError("its prebuilt binary's host does not answer", "", {
      cause: error,
    });
  }
  await run(
    "npm",
    ["rebuild", "@tensorflow/tfjs-node", "--ignore-scripts=false"],
    { log: "prebuilt", limit: 300 },
  );
  const version = await probeEngine("@tensorflow/tfjs-node");
  writeStamp("tensorflow", "prebuilt");
  return { text: `tensorflow: ${version}, prebuilt`, done: true };
}

const attempts = {
  "tensorflow-gpu": [() => install("tensorflow-gpu")],
  tensorflow: [() => install("tensorflow"), installPrebuilt],
};

async function wantedEngines(asked) {
  if (asked !== "auto") return asked in attempts ? [asked] : [];
  const gpu = await hasNvidiaGpu();
  return gpu ? ["tensorflow-gpu", "tensorflow"] : ["tensorflow"];
}

async function firstThatWorks(engines) {
  const failures = [];
  for (const engine of engines) {
    for (const attempt of attempts[engine]) {
      try {
        return { outcome: await attempt(), failures };
      } catch (error) {
        if (!(error instanceof SetupError)) throw error;
        failures.push({ engine, error });
      }
    }
  }
  return { failures };
}

const isFresh = (text) => Date.now() - Date.parse(text) < 24 * 3600 * 1000;

/**
 * Sets up TensorFlow for `asked` ("auto" or an engine's name).
 *
 * Under "auto" its absence is no error: it is said, with the remedy, and the
 * wasm engine stays. A failure is not tried again for a day unless `again`.
 *
 * @throws SetupError when the engine was asked for by name
 */
export async function setUpEngine(asked, { again = false } = {}) {
  const engines = await wantedEngines(asked);
  if (engines.length === 0) {
    return { text: `${asked} needs no set-up`, done: false };
  }
  const [when, ...failed] = readStamp("engine-failed")?.split("\n") ?? [];
  if (asked === "auto" && !again && when && isFresh(when)) {
    const text = [...failed, "(tried before; npm run setup tries again)"];
    return { text: text.join("\n"), done: false };
  }
  const { outcome, failures } = await firstThatWorks(engines);
  if (outcome !== undefined) {
    clearStamp("engine-failed");
    const passed = failures.map(
      ({ engine, error }) =>
        `; ${engine} passed over: ${error.message.split("\n")[0]}`,
    );
    return { ...outcome, text: outcome.text + passed.join("") };
  }
  const reasons = failures.map(({ error }) => error.message.split("\n")[0]);
  const { error } = failures[0];
  if (asked !== "auto") {
    throw new SetupError(`${asked}: ${reasons.join("; ")}`, error.remedy);
  }
  const summary = [
    "TensorFlow passed over; webgpu or wasm will serve (slower)",
    ...reasons.map((reason) => `because ${reason}`),
    `remedy: ${error.remedy}`,
  ].join("\n");
  writeStamp("engine-failed", `${new Date().toISOString()}\n${summary}`);
  return { text: summary, done: true };
}
