import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as tf from "@tensorflow/tfjs";
import { diskFullCode } from "../../files/disk-full.ts";
import type { NativeBackend } from "./binding.ts";
import type { CarriedModel, Signature } from "./carried-model.ts";
import type { Graph, GraphNode } from "./graph.ts";
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
 * binding feeds and fetches host tensors: what a step hands on to itself is
 * better carried, see `openCarriedSession`.
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

/** What is needed of a graph to load and to run it. */
interface LoadedGraph {
  readonly nodes: readonly GraphNode[];
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
}

function runGraph(
  caller: string,
  backend: NativeBackend,
  {
    graph: { inputNames, nodes, outputNames },
    id,
    inputs,
  }: {
    readonly graph: LoadedGraph;
    readonly id: number;
    readonly inputs: readonly tf.Tensor[];
  },
): tf.Tensor[] {
  const ids = backend.getInputTensorIds(inputs);
  try {
    return backend.binding
      .runSavedModel(id, ids, inputNames.join(","), outputNames.join(","))
      .map((metadata) => backend.createOutputTensor(metadata));
  } catch (cause) {
    throw inWords(`${caller}: the graph failed`, nodes, cause);
  }
}

/** A graph that TensorFlow has loaded, with its state inside. */
export interface CarriedSession {
  /** Replaces the state; the tensors stay the caller's. */
  write(state: readonly tf.Tensor[]): void;
  /** Copies of the state, the caller's. */
  read(): tf.Tensor[];
  /** A step of a trace; outputs belong to the caller. */
  run(trace: number, inputs: readonly tf.Tensor[]): tf.Tensor[];
  dispose(): void;
}

/** Hands a graph with variables to TensorFlow. */
export function openCarriedSession(
  caller: string,
  backend: NativeBackend,
  { model, xla }: { readonly model: CarriedModel; readonly xla: boolean },
): CarriedSession {
  const { nodes } = model;
  const id = load(caller, backend, { graph: { nodes }, xla });
  const run = (
    { inputs: inputNames, outputs: outputNames }: Signature,
    inputs: readonly tf.Tensor[],
  ) => {
    const graph = { nodes, inputNames, outputNames };
    return runGraph(caller, backend, { graph, id, inputs });
  };
  return {
    write: (state) => {
      for (const done of run(model.write, state)) done.dispose();
    },
    read: () => run(model.read, []),
    run: (trace, inputs) => {
      const outputs = run(model.steps[trace], inputs);
      outputs.pop()?.dispose(); // "done"
      return outputs;
    },
    dispose: () => backend.binding.deleteSavedModel(id),
  };
}

/** Loads a model by way of a temporary folder, which is removed at once. */
function load(
  caller: string,
  backend: NativeBackend,
  {
    graph,
    xla,
  }: { readonly graph: Pick<LoadedGraph, "nodes">; readonly xla: boolean },
): number {
  const folder = mkdtempSync(join(tmpdir(), "pal-lab-graph-"));
  try {
    const file = join(folder, "saved_model.pb");
    writeFileSync(file, savedModel(graph.nodes, { xla }));
    return backend.binding.loadSavedModel(folder, "serve");
  } catch (cause) {
    const place = diskFullCode(cause)
      ? ` by way of ${tmpdir()}, which TMPDIR can move`
      : "";
    const what = `${caller}: expected the recorded graph to load${place}`;
    throw inWords(what, graph.nodes, cause);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** TensorFlow's error, with the operation where it names a node. */
function inWords(
  what: string,
  nodes: readonly GraphNode[],
  cause: unknown,
): Error {
  const [line] = (cause as Error).message.split("\n");
  const name = /\bnode ((?:step\d+_)?n\d+)\b/.exec(
    (cause as Error).message,
  )?.[1];
  const node = nodes.find((one) => one.name === name);
  const where = node?.kind === "op" ? ` (in ${node.op})` : "";
  return new Error(`${what}, got: ${line}${where}`, { cause });
}
