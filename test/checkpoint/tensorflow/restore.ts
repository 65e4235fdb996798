import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { nativeBackend } from "../../../lib/engine/graph/binding.ts";
import type { GraphNode } from "../../../lib/engine/graph/graph.ts";
import { savedModel } from "../../../lib/engine/graph/saved-model.ts";

/** TensorFlow's numbers of its types. */
const [float, text] = [1, 7];

/**
 * Tensors of a checkpoint as TensorFlow's own operation reads them.
 *
 * By way of a graph: the binding runs no operation that takes a list of types.
 *
 * @param prefix - the index's path without ".index"
 * @param names - of float32 tensors
 */
export function restoreV2(
  prefix: string,
  names: readonly string[],
): Float32Array[] {
  const backend = nativeBackend()!;
  const types = names.map(() => float);
  const restore: GraphNode = {
    kind: "op",
    name: "n3",
    op: "RestoreV2",
    inputs: ["n0", "n1", "n2"],
    attributes: [{ name: "dtypes", type: 4, value: types }],
  };
  const input = (name: string, shape: readonly number[]): GraphNode => {
    return { kind: "input", name, dtype: text, shape };
  };
  const nodes = [
    input("n0", []),
    input("n1", [names.length]),
    input("n2", [names.length]),
    restore,
  ];
  const folder = mkdtempSync(join(tmpdir(), "pal-lab-restore-"));
  try {
    const model = savedModel(nodes, { xla: false });
    writeFileSync(join(folder, "saved_model.pb"), model);
    const id = backend.binding.loadSavedModel(folder, "serve");
    const inputs = [
      tf.scalar(prefix, "string"),
      tf.tensor1d([...names], "string"),
      tf.tensor1d(
        names.map(() => ""),
        "string",
      ), // no slices: all of each
    ];
    const outputs = backend.binding
      .runSavedModel(
        id,
        backend.getInputTensorIds(inputs),
        "n0,n1,n2",
        names.map((_, i) => `n3:${i}`).join(","),
      )
      .map((metadata) => backend.createOutputTensor(metadata));
    const found = outputs.map((x) => x.dataSync<"float32">().slice());
    tf.dispose([inputs, outputs]);
    backend.binding.deleteSavedModel(id);
    return found;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
