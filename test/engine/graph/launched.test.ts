import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { compile } from "../../../lib/engine/compile.ts";
import { nativeBackend } from "../../../lib/engine/graph/binding.ts";
import { record } from "../../../lib/engine/graph/record.ts";
import { savedModel } from "../../../lib/engine/graph/saved-model.ts";
import {
  apart,
  launched,
  regionOf,
  together,
} from "../../../lib/tensor/launch.ts";
import { assertClose } from "../../close.ts";
import { tensorflowHere } from "../tensorflow-here.ts";

describe("launched", () => {
  it("is over when its function ends, also with an error", () => {
    const fail = () => {
      throw new Error("stop");
    };
    const region = launched(() => regionOf("BatchMatMulV2"));
    assert.notEqual(region, undefined);
    assert.throws(() => launched(fail), /stop/);
    assert.throws(() => together(fail), /stop/);
    assert.equal(regionOf("BatchMatMulV2"), undefined);
  });

  it("is for matrix products alone", () => {
    assert.equal(
      launched(() => regionOf("Mul")),
      undefined,
    );
  });

  it("has a region for each product, or one for what is together", () => {
    const twice = () => [regionOf("BatchMatMulV2"), regionOf("BatchMatMulV2")];
    const [first, second] = launched(twice);
    assert.notEqual(first, second);
    const [one, other] = launched(() => together(twice));
    assert.equal(one, other);
    const inner = together(() => [apart(twice), together(twice), twice()]);
    assert.deepEqual(inner[0], [undefined, undefined]);
    assert.deepEqual(inner[1], inner[2]);
  });
});

describe("launched products of a step", await tensorflowHere(), () => {
  const x_1D = tf.randomNormal<tf.Rank.R2>([1, 8], 0, 1, "float32", 1);
  const first_DX = tf.randomNormal<tf.Rank.R2>([8, 8], 0, 1, "float32", 2);
  const second_DX = tf.randomNormal<tf.Rank.R2>([8, 8], 0, 1, "float32", 3);
  type Input = Readonly<Record<"x_1D" | "first_DX" | "second_DX", tf.Tensor2D>>;
  const input: Input = { x_1D, first_DX, second_DX };
  const step = ({ first_DX, second_DX, x_1D }: Input) => ({
    y: tf
      .matMul(
        tf.matMul(tf.matMul(x_1D, first_DX), second_DX),
        first_DX,
        false,
        true,
      )
      .add<tf.Tensor2D>(1),
  });
  const launching = (input: Input) => launched(() => step(input));

  it("share a function where their attributes are the same", () => {
    const tensors = [x_1D, first_DX, second_DX];
    const { graph, output } = record("test", nativeBackend()!, {
      inputs: tensors.map((tensor, i) => ({ path: `${i}`, tensor })),
      run: (copies) => {
        const [x_1D, first_DX, second_DX] = copies as tf.Tensor2D[];
        return launching({ x_1D, first_DX, second_DX });
      },
    });
    tf.dispose(output);
    const count = (word: string, xla: boolean) => {
      const bytes = Buffer.from(savedModel(graph.nodes, { xla }));
      return bytes.toString("latin1").split(word).length - 1;
    };
    assert.equal(count("StatefulPartitionedCall", false), 3);
    // Two functions, plain and transposed, with one product in each.
    assert.equal(count("\x12\x0dBatchMatMulV2", false), 2);
    // In a graph that XLA compiles they are operations like the others.
    assert.equal(count("StatefulPartitionedCall", true), 0);
    assert.equal(count("\x12\x0dBatchMatMulV2", true), 3);
  });

  it("give what they give op by op", () => {
    const compiled = compile(launching, { name: "launched" });
    for (let i = 0; i < 3; i++) {
      const { y } = compiled(input);
      assertClose(y.dataSync(), step(input).y.dataSync(), { atol: 1e-5 });
    }
    compiled.dispose();
  });

  it("work in a state that is carried", () => {
    const carried = compile(
      ({ state, w_DX }: { state: tf.Tensor2D; w_DX: tf.Tensor2D }) => ({
        state: launched(() => tf.matMul(state, w_DX)),
      }),
      { carry: "state" },
    );
    carried.write(x_1D);
    carried({ w_DX: first_DX });
    carried({ w_DX: first_DX });
    const twice = tf.matMul(tf.matMul(x_1D, first_DX), first_DX);
    const read = carried.read() as tf.Tensor2D;
    assertClose(read.dataSync(), twice.dataSync(), { atol: 1e-4 });
    carried.dispose();
  });
});
