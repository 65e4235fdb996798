import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { compile } from "../../../lib/engine/compile.ts";
import {
  nativeBackend,
  typeNumbers,
} from "../../../lib/engine/graph/binding.ts";
import { openForecast } from "../../../lib/engine/graph/forecast.ts";
import { tensorflowHere } from "../tensorflow-here.ts";

const layers = 30;

/** Equal layers, one after the other, with the gradient of their sum. */
function deep({ w, x }: Record<"w" | "x", tf.Tensor2D>) {
  const sum = (weight: tf.Tensor) => {
    let y: tf.Tensor = x;
    for (let i = 0; i < layers; i++) y = tf.matMul(y, weight).sin();
    return y.sum<tf.Scalar>();
  };
  return tf.valueAndGrad(sum)(w);
}

/** Runs `work`; returns the operations that TensorFlow was asked for. */
function asked(work: () => void): string[] {
  const backend = nativeBackend()!;
  const { binding } = backend;
  const names: string[] = [];
  // Its own properties cannot be written, so they are copied.
  const own = Object.getOwnPropertyNames(binding).map((name) => {
    const value: unknown = binding[name as keyof typeof binding];
    return [name, typeof value === "function" ? value.bind(binding) : value];
  });
  const watched = {
    ...Object.fromEntries(own),
    executeOp: (...call: Parameters<typeof binding.executeOp>) => {
      names.push(call[0]);
      return binding.executeOp(...call);
    },
  };
  backend.binding = watched;
  try {
    work();
    return names;
  } finally {
    backend.binding = binding;
  }
}

describe("recording", await tensorflowHere(), () => {
  it("runs each kind of operation once, however many layers there are", () => {
    const input = { w: tf.ones([4, 4]), x: tf.ones([2, 4]) } as never;
    const step = compile(deep);
    const names = asked(() => tf.dispose(step(input)));
    const [{ nNodes }] = step.traces;
    assert.ok(nNodes > 6 * layers, `${nNodes} nodes`);
    const kinds = new Set(names);
    // The two inputs' copies, and products in each of their shapes.
    assert.ok(names.length <= kinds.size + 6, names.join());
    step.dispose();
  });

  it("gives the same at the first call as at any other, to the bit", () => {
    const w = tf.randomNormal([64, 64], 0, 0.1, "float32", 1);
    const x = tf.randomNormal([16, 64], 0, 1, "float32", 2);
    const step = compile(deep);
    const [first, second] = [1, 2].map(() => {
      const { grad, value } = step({ w, x } as never);
      return [...value.dataSync(), ...grad.dataSync()];
    });
    assert.deepEqual(first, second);
    assert.ok(first.every(Number.isFinite));
    step.dispose();
  });

  it("leaves no native tensor behind", () => {
    const backend = tf.backend() as unknown as { getNumOfTFTensors(): number };
    const input = { w: tf.ones([3, 3]), x: tf.ones([2, 3]) } as never;
    tf.dispose(tf.tidy(() => deep(input)));
    const before = backend.getNumOfTFTensors();
    const step = compile(deep);
    tf.dispose(step(input));
    assert.equal(backend.getNumOfTFTensors(), before);
    step.dispose();
  });
});

describe("a forecast", await tensorflowHere(), () => {
  const { bool, float32, int32 } = typeNumbers;
  const typed = (name: string, value: number) => ({ name, type: 4, value });

  it("tells types and shapes that TensorFlow gives", () => {
    const forecast = openForecast(nativeBackend()!.binding);
    const two = (dtype: number) => [
      { told: { dtype, shape: [2, 1] } },
      { told: { dtype, shape: [3] } },
    ];
    const ask = (op: string, dtype: number) =>
      forecast(op, [typed("T", dtype)], two(dtype), 1);
    assert.deepEqual(ask("Mul", float32), [{ dtype: float32, shape: [2, 3] }]);
    assert.deepEqual(ask("Less", int32), [{ dtype: bool, shape: [2, 3] }]);
    const bfloat16 = 14;
    assert.deepEqual(ask("AddV2", bfloat16), [
      { dtype: bfloat16, shape: [2, 3] },
    ]);
  });

  it("knows constants by their names: other sizes are another question", () => {
    const { binding } = nativeBackend()!;
    const forecast = openForecast(binding);
    const reshape = (name: string, sizes: number[]) => {
      const values = Int32Array.from(sizes);
      const id = binding.createTensor([sizes.length], int32, values);
      const told = forecast(
        "Reshape",
        [typed("T", float32), typed("Tshape", int32)],
        [{ told: { dtype: float32, shape: [6] } }, { name, id }],
        1,
      );
      binding.deleteTensor(id);
      return told[0].shape;
    };
    assert.deepEqual(reshape("n1", [2, 3]), [2, 3]);
    assert.deepEqual(reshape("n2", [3, 2]), [3, 2]);
  });

  it("frees what it made where an operation fails", () => {
    const backend = tf.backend() as unknown as { getNumOfTFTensors(): number };
    const forecast = openForecast(nativeBackend()!.binding);
    const before = backend.getNumOfTFTensors();
    const odd = [[2], [3]].map((shape) => ({
      told: { dtype: float32, shape },
    }));
    assert.throws(() => forecast("Mul", [typed("T", float32)], odd, 1));
    assert.equal(backend.getNumOfTFTensors(), before);
  });
});
