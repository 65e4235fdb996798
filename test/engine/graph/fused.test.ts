import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { compile } from "../../../lib/engine/compile.ts";
import { nativeBackend } from "../../../lib/engine/graph/binding.ts";
import { fused, isFused } from "../../../lib/engine/graph/fused.ts";
import { record } from "../../../lib/engine/graph/record.ts";
import { savedModel } from "../../../lib/engine/graph/saved-model.ts";
import { assertClose } from "../../close.ts";
import { tensorflowHere } from "../tensorflow-here.ts";

describe("fused", () => {
  it("is over when its function ends, also with an error", () => {
    const fail = () => {
      throw new Error("stop");
    };
    assert.equal(fused(isFused), true);
    assert.throws(() => fused(fail), /stop/);
    assert.equal(isFused(), false);
  });
});

describe("a fused part of a step", await tensorflowHere(), () => {
  const step = ({ x }: { readonly x: tf.Tensor1D }) => {
    const inside = fused(() => x.mul<tf.Tensor1D>(2).add<tf.Tensor1D>(1));
    return { y: inside.square() };
  };

  it("is marked for XLA, and nothing else is", () => {
    const x = tf.tensor1d([1, 2]);
    const { graph, output } = record("test", nativeBackend()!, {
      inputs: [{ path: "x", tensor: x }],
      run: ([copy]) => step({ x: copy as tf.Tensor1D }),
    });
    tf.dispose(output);
    const marked = graph.nodes.flatMap((node) =>
      node.kind === "op" && node.isFused ? [node.op] : [],
    );
    assert.deepEqual(marked, ["Mul", "Add"]);
    const bytes = Buffer.from(savedModel(graph.nodes, { xla: false }));
    assert.equal(bytes.toString("latin1").split("_XlaCompile").length - 1, 2);
  });

  it("gives what it gives op by op", () => {
    const compiled = compile(step, { name: "fused" });
    for (const values of [
      [1, 2, 3],
      [4, 5, 6],
    ]) {
      const x = tf.tensor1d(values);
      assertClose(compiled({ x }).y, step({ x }).y);
    }
    compiled.dispose();
  });
});
