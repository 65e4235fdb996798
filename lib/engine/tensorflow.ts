import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import * as tf from "@tensorflow/tfjs";
import { nativeBackend } from "./graph/binding.ts";

const require = createRequire(import.meta.url);

/** TensorFlow on the CPU, through tfjs-node. */
export async function startTensorflow(): Promise<string> {
  // The GPU's library, if it is loaded and found no GPU, has the CPU too; a
  // second TensorFlow in one process would clash with it.
  if (!tf.findBackendFactory("tensorflow")) {
    loadTfjsNode("@tensorflow/tfjs-node");
  }
  await tf.setBackend("tensorflow");
  const version = nativeBackend()?.binding.TF_Version;
  return `TensorFlow ${version}, CPU, ${availableParallelism()} threads`;
}

/**
 * Loads tfjs-node, which registers its backend and kernels with tfjs.
 *
 * The environment is TensorFlow's only door for its settings; what the user has
 * set stays. Threads are left at its default, one for each core.
 */
export function loadTfjsNode(
  name: "@tensorflow/tfjs-node" | "@tensorflow/tfjs-node-gpu",
): void {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "2";
  restoreRemovedUtil();
  try {
    require(name);
  } catch (cause) {
    throw new Error(`${whyNot(name, cause)}; run \`npm run setup\``, { cause });
  }
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
  util.isNullOrUndefined ??= (value: unknown) =>
    value === null || value === undefined;
  util.isArray ??= Array.isArray;
}
