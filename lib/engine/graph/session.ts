import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as tf from "@tensorflow/tfjs";
import type { NativeBackend } from "./binding.ts";
import type { Graph } from "./graph.ts";
import { savedModel } from "./saved-model.ts";

/** When XLA compiles a graph: at once, never, or after `PATIENCE` runs. */
export type Xla = boolean | "auto";

/** Runs before "auto" spends the seconds of a compilation. */
const PATIENCE = 100;

/** A graph that TensorFlow has loaded and can run. */
export interface Session {
  /** Outputs belong to the caller; inputs are left alone. */
  run(inputs: readonly tf.Tensor[]): tf.Tensor[];
  /** Whether XLA compiles the graph now. */
  usesXla(): boolean;
  dispose(): void;
}

/**
 * Hands a graph to TensorFlow.
 *
 * On a GPU each run copies inputs and outputs through host memory, because the
 * binding feeds and fetches host tensors. State that stays inside the graph as
 * resource variables would avoid that; this function is where it would go.
 */
export function openSession(
  caller: string,
  backend: NativeBackend,
  { graph, xla }: { readonly graph: Graph; readonly xla: Xla },
): Session {
  const { binding } = backend;
  const inputNames = graph.inputNames.join(",");
  const outputNames = graph.outputNames.join(",");
  let compiled = xla === true;
  let id = load(caller, backend, { graph, xla: compiled });
  let patience = xla === "auto" ? PATIENCE : Number.POSITIVE_INFINITY;

  const run = (inputs: readonly tf.Tensor[]) => {
    if (patience-- === 0) {
      const plain = id;
      id = load(caller, backend, { graph, xla: true });
      binding.deleteSavedModel(plain);
      compiled = true;
    }
    const ids = backend.getInputTensorIds(inputs);
    try {
      return binding
        .runSavedModel(id, ids, inputNames, outputNames)
        .map((metadata) => backend.createOutputTensor(metadata));
    } catch (cause) {
      throw inWords(`${caller}: the graph failed`, graph, cause);
    }
  };
  const dispose = () => binding.deleteSavedModel(id);
  return { run, usesXla: () => compiled, dispose };
}

/** Loads a model by way of a temporary folder, which is removed at once. */
function load(
  caller: string,
  backend: NativeBackend,
  { graph, xla }: { readonly graph: Graph; readonly xla: boolean },
): number {
  const folder = mkdtempSync(join(tmpdir(), "pal-lab-graph-"));
  try {
    const file = join(folder, "saved_model.pb");
    writeFileSync(file, savedModel(graph.nodes, { xla }));
    return backend.binding.loadSavedModel(folder, "serve");
  } catch (cause) {
    const what = `${caller}: expected the recorded graph to load`;
    throw inWords(what, graph, cause);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** TensorFlow's error, with the operation where it names a node. */
function inWords(what: string, graph: Graph, cause: unknown): Error {
  const [line] = (cause as Error).message.split("\n");
  const name = /\bnode (n\d+)\b/.exec((cause as Error).message)?.[1];
  const node = graph.nodes.find((one) => one.name === name);
  const where = node?.kind === "op" ? ` (in ${node.op})` : "";
  return new Error(`${what}, got: ${line}${where}`, { cause });
}
