import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { nativeBackend } from "./graph/binding.ts";
import {
  applySettings,
  measuredSettings,
  portable,
  tensorflowNumerics,
} from "./numerics.ts";
import type { Started, StartOptions } from "./started.ts";
import { mendKernels } from "./tensorflow-kernels.ts";

const require = createRequire(import.meta.url);

/** TensorFlow on the CPU, through tfjs-node. */
export async function startTensorflow({
  isPortable,
}: StartOptions): Promise<Started> {
  // The GPU's library, if it is loaded and found no GPU, has the CPU too; a
  // second TensorFlow in one process would clash with it.
  if (!tf.findBackendFactory("tensorflow")) {
    loadTfjsNode("@tensorflow/tfjs-node", () =>
      isPortable ? portable : measuredSettings(settingsFile()),
    );
  }
  await tf.setBackend("tensorflow");
  const version = nativeBackend()?.binding.TF_Version;
  const numerics = tensorflowNumerics(process.env);
  const { oneDnn, threads } = numerics;
  const parts = [`TensorFlow ${version}, CPU, ${threads} threads`];
  if (oneDnn !== "default") parts.push(`oneDNN ${oneDnn}`);
  if (numerics.isPortable) parts.push("portable");
  return { description: parts.join(", "), numerics };
}

/** Where set-up keeps what it measured: beside the binding. */
function settingsFile(): string {
  return join(bindingFolder("@tensorflow/tfjs-node"), "pal_settings.json");
}

function bindingFolder(name: string): string {
  const folder = dirname(require.resolve(`${name}/package.json`));
  return join(folder, "lib", "napi-v8");
}

/**
 * Loads tfjs-node, which registers its backend and kernels with tfjs.
 *
 * The environment is TensorFlow's only door for its settings; what the user has
 * set stays. Threads are left at its default, one for each core, unless
 * portable results are asked for.
 */
export function loadTfjsNode(
  name: "@tensorflow/tfjs-node" | "@tensorflow/tfjs-node-gpu",
  settings: () => Readonly<Record<string, string>> = () => ({}),
): void {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "2";
  restoreRemovedUtil();
  try {
    applySettings(settings(), process.env);
    loadQuietly(name);
    require(name);
    mendKernels();
  } catch (cause) {
    throw new Error(`${whyNot(name, cause)}; run \`npm run setup\``, { cause });
  }
}

/**
 * Loads TensorFlow's library before its binding does, without its two lines
 * about oneDNN, by what `npm run setup` compiles for that.
 */
function loadQuietly(name: string): void {
  const file = join(bindingFolder(name), "tfjs_quiet.node");
  if (existsSync(file)) require(file);
}

function whyNot(name: string, cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  const [line] = message.split("\n");
  if (code === "MODULE_NOT_FOUND" && line.includes(name)) {
    return `${name} is not installed`;
  }
  if (line.includes("native addon module")) return `${name} is not built`;
  return `${name} does not load: ${line}`;
}

/** tfjs-node 4.22 calls functions that Node 23 took out of `util`. */
function restoreRemovedUtil(): void {
  const util = require("node:util") as Record<string, unknown>;
  util.isNullOrUndefined = (value: unknown) =>
    value === null || value === undefined;
  util.isArray ??= Array.isArray;
}
