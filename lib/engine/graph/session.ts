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
const PATIENCE = 500;

/** A graph that TensorFlow has loaded and can run. */
export interface Session {
  /** Outputs belong to the caller; inputs are left alone. */
  run(inputs: readonly tf.Tensor[]): tf.Tensor[];
  /** Whether XLA compiles the graph now. */
  usesXla(): boolean;
  dispose(): void;
}

/** What a session is made of. */
export interface SessionOptions {
  readonly graph: Graph;
  readonly xla: Xla;
  readonly report: (line: string) => void;
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
  { graph, report, xla }: SessionOptions,
): Session {
  const { binding } = backend;
  let usesXla = xla === true;
  let id = load(caller, backend, { graph, xla: usesXla });
  let patience = xla === "auto" ? PATIENCE : Number.POSITIVE_INFINITY;

  const runWithXla = (inputs: readonly tf.Tensor[]) => {
    const other = load(caller, backend, { graph, xla: true });
    try {
      const outputs = runGraph(caller, backend, { id: other, graph, inputs });
      binding.deleteSavedModel(id);
      id = other;
      usesXla = true;
      return outputs;
    } catch (error) {
      binding.deleteSavedModel(other);
      const outputs = runGraph(caller, backend, { id, graph, inputs });
      report(`${caller}: runs on without XLA: ${(error as Error).message}`);
      return outputs;
    }
  };
  return {
    run: (inputs) =>
      patience-- === 0
        ? runWithXla(inputs)
        : runGraph(caller, backend, { id, graph, inputs }),
    usesXla: () => usesXla,
    dispose: () => binding.deleteSavedModel(id),
  };
}

function runGraph(
  caller: string,
  backend: NativeBackend,
  {
    graph,
    id,
    inputs,
  }: {
    readonly graph: Graph;
    readonly id: number;
    readonly inputs: readonly tf.Tensor[];
  },
): tf.Tensor[] {
  const ids = backend.getInputTensorIds(inputs);
  const inputNames = graph.inputNames.join(",");
  const outputNames = graph.outputNames.join(",");
  try {
    return backend.binding
      .runSavedModel(id, ids, inputNames, outputNames)
      .map((metadata) => backend.createOutputTensor(metadata));
  } catch (cause) {
    throw inWords(`${caller}: the graph failed`, graph, cause);
  }
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
