import * as tf from "@tensorflow/tfjs";
import { type NativeBackend, typeNumbers } from "./binding.ts";
import { Graph } from "./graph.ts";
import { capturedError, describe, watch } from "./hooks.ts";
import { type Leaf, leafPaths } from "./tree.ts";

/** A step as a graph. */
export interface RecordedStep<O extends object> {
  readonly graph: Graph;
  /** Tensors without numbers: their types and shapes; the caller frees them. */
  readonly output: O;
}

/** The binding's number for an attribute that is a type. */
const TYPE_ATTRIBUTE = 4;

let recordingNow = false;

/** True while a step is being recorded. */
export function isRecording(): boolean {
  return recordingNow;
}

/**
 * Runs a step once and writes down every operation it asks TensorFlow for.
 *
 * Types and shapes are real while recording; of the numbers only those that do
 * not depend on the inputs are computed.
 *
 * @param caller - starts error messages: `compile("train step")`
 * @param run - the step over copies of `inputs`, given in their order
 */
export function record<O extends object>(
  caller: string,
  backend: NativeBackend,
  {
    inputs,
    run,
  }: {
    readonly inputs: readonly Leaf[];
    readonly run: (tensors: readonly tf.Tensor[]) => O;
  },
): RecordedStep<O> {
  const graph = new Graph();
  const output = tf.tidy(() => {
    const copies = inputs.map((leaf) => freshCopy(caller, backend, leaf));
    backend.getInputTensorIds(copies).forEach((id, index) => {
      const { dtype, shape } = copies[index];
      graph.addInput(id, typeNumbers[dtype], shape);
    });
    const release = watch(caller, backend, graph);
    recordingNow = true;
    try {
      const made = run(copies);
      const outputs = leafPaths(caller, "output", made);
      if (outputs.length === 0) {
        throw new TypeError(`${caller}: expected an output, got no tensor`);
      }
      for (const leaf of outputs) addOutput(caller, backend, { graph, leaf });
      return made as O & tf.TensorContainer;
    } finally {
      recordingNow = false;
      release();
    }
  });
  return { graph, output };
}

/**
 * A tensor with an id of its own over the same data.
 *
 * So two equal inputs stay two inputs, and a tensor that is declared as an
 * input and also captured is still caught.
 */
function freshCopy(
  caller: string,
  backend: NativeBackend,
  { path, tensor }: Leaf,
): tf.Tensor {
  const value = typeNumbers[tensor.dtype];
  if (value === undefined) {
    throw new TypeError(
      `${caller}: expected float32, int32 or bool at ${path}, ` +
        `got ${tensor.dtype}`,
    );
  }
  const attributes = [{ name: "T", type: TYPE_ATTRIBUTE, value }];
  const ids = backend.getInputTensorIds([tensor]);
  const [copy] = backend.binding.executeOp("Identity", attributes, ids, 1);
  return backend.createOutputTensor(copy);
}

function addOutput(
  caller: string,
  backend: NativeBackend,
  {
    graph,
    leaf: { path, tensor },
  }: {
    readonly graph: Graph;
    readonly leaf: Leaf;
  },
): void {
  const [id] = backend.getInputTensorIds([tensor]);
  const value = graph.find(id);
  if (!value) throw capturedError(caller, describe(tensor), `as ${path}`);
  if (typeNumbers[tensor.dtype] !== value.dtype) {
    throw new TypeError(
      `${caller}: expected float32, int32 or bool at ${path}, ` +
        `got ${tensor.dtype} (TensorFlow's type ${value.dtype}); ` +
        "cast it inside the step",
    );
  }
  graph.addOutput(value);
}
