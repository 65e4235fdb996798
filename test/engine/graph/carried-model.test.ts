import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { nativeBackend } from "../../../lib/engine/graph/binding.ts";
import { carriedModel } from "../../../lib/engine/graph/carried-model.ts";
import { record } from "../../../lib/engine/graph/record.ts";
import { tensorflowHere } from "../tensorflow-here.ts";

describe("the graph of a carried state", await tensorflowHere(), () => {
  it("keeps no memory of what is fed: all of it is copied first", () => {
    const state = tf.tensor1d([1, 2]);
    const batch = tf.tensor1d([3, 4]);
    const { graph, output } = record("test", nativeBackend()!, {
      inputs: [
        { path: "state", tensor: state },
        { path: "batch", tensor: batch },
      ],
      // Hands a fed tensor on as the state: nothing is computed.
      run: ([, batch]) => ({ state: batch.reshape([2]) }),
    });
    tf.dispose(output);
    const trace = { graph, stateInputs: [0], stateOutputs: [0] };
    const { nodes, steps, write } = carriedModel(
      [{ dtype: 1, shape: [2] }],
      [trace],
    );
    const fed = [...write.inputs, ...steps.flatMap(({ inputs }) => inputs)];
    const holders = nodes.filter(({ kind }) => kind === "input");
    assert.deepEqual(holders.map(({ name }) => name).sort(), [...fed].sort());
    const readers = nodes.filter(
      (node) =>
        node.kind === "op" && node.inputs.some((name) => fed.includes(name)),
    );
    assert.equal(readers.length, 2);
    for (const node of readers) {
      assert.equal(node.kind === "op" && node.op, "DeepCopy");
    }
  });
});
