import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { compile } from "../../lib/engine/compile.ts";
import { tensorflowHere } from "./tensorflow-here.ts";

/** Compiles and runs once, as every refusal comes with the first run. */
function run<I extends object, O extends object>(
  step: (input: I) => O,
  input: I,
): O {
  return compile(step, { name: "step" })(input);
}

describe("compile refuses", await tensorflowHere(), () => {
  const x = tf.tensor1d([1, 2]);

  it("a captured variable, by its name", () => {
    const weight = tf.variable(tf.tensor1d([3, 4]), true, "gate_weight");
    assert.throws(() => run((input: tf.Tensor) => input.mul(weight), x), {
      message:
        'compile("step"): expected inputs and tensors made inside the step, ' +
        'got captured "gate_weight" (float32 [2]) in Mul; make it part of the ' +
        "input",
    });
  });

  it("a captured tensor, whether TensorFlow has its values yet or not", () => {
    const fresh = tf.tensor2d([[1, 2]]);
    const used = tf.tensor2d([[1, 2]]).neg();
    for (const captured of [fresh, used]) {
      assert.throws(
        () => run((input: tf.Tensor) => input.add(captured), x),
        new RegExp(
          `got captured tensor ${captured.id} \\(float32 \\[1,2\\]\\)`,
        ),
      );
    }
  });

  it("an input that is captured as well", () => {
    assert.throws(
      () => run((input: tf.Tensor) => input.add(x), x),
      /got captured tensor \d+ \(float32 \[2\]\) in Add;/,
    );
  });

  it("a captured tensor that is returned untouched", () => {
    const step = (input: tf.Tensor) => ({ sum: input.sum(), kept: x });
    assert.throws(
      () => run(step, tf.scalar(1)),
      /got captured tensor \d+ \(float32 \[2\]\) as output\.kept/,
    );
  });

  it("a value read inside, but not that of a constant", () => {
    const reads = (input: tf.Tensor) => input.mul(input.sum().dataSync()[0]);
    assert.throws(
      () => run(reads, x),
      /^Error: compile\("step"\): expected a step that reads no values/,
    );
    const readsConstant = (input: tf.Tensor) =>
      input.mul(tf.scalar(2).add(1).dataSync()[0]);
    assert.deepEqual([...run(readsConstant, x).dataSync()], [3, 6]);
  });

  it("chance, but not a seeded constant", () => {
    const noisy = (input: tf.Tensor) => input.add(tf.randomNormal([2]));
    assert.throws(() => run(noisy, x), /without chance, got Math\.random/);
    const draws = (input: tf.Tensor) =>
      tf.multinomial(input as tf.Tensor1D, 3, 7);
    assert.throws(() => run(draws, x), /without chance, got Multinomial/);
    const seeded = (input: tf.Tensor) =>
      input.add(tf.randomNormal([2], 0, 1, "float32", 5));
    const eager = tf.tidy(() => [...seeded(x).dataSync()]);
    assert.deepEqual([...run(seeded, x).dataSync()], eager);
  });

  it("a variable assigned inside", () => {
    const total = tf.variable(tf.scalar(0), false, "total");
    const step = (input: tf.Tensor) => {
      total.assign(input.sum());
      return input;
    };
    assert.throws(
      () => run(step, x),
      /without side effects, got assign\(\) to "total" \(float32 \[\]\); return/,
    );
    assert.equal(total.dataSync()[0], 0);
  });

  it("a plain number in the input, by its path", () => {
    const step = (input: { x: tf.Tensor; rate: number }) => input.x;
    assert.throws(() => run(step, { x, rate: 0.1 }), {
      name: "TypeError",
      message:
        'compile("step"): expected a tensor at input.rate, got 0.1; a plain ' +
        "value would be frozen, pass tf.scalar(value)",
    });
  });

  it("what hides tensors: a Map, a string tensor, nothing at all", () => {
    const step = (input: object) => input;
    assert.throws(() => run(step, new Map([["x", x]])), /at input, got Map/);
    assert.throws(
      () => run(step, { names: tf.tensor1d(["a"]) }),
      /expected float32, int32 or bool at input\.names, got string/,
    );
    assert.throws(
      () => run((() => undefined) as never, x),
      /expected a tensor at output, got undefined/,
    );
    assert.throws(
      () => run(() => ({}), x),
      /expected an output, got no tensor/,
    );
  });

  it("to be used after it was disposed", () => {
    const step = compile((input: tf.Tensor) => input.neg(), { name: "neg" });
    step.dispose();
    assert.throws(
      () => step(x),
      /^Error: compile\("neg"\): expected a step in/,
    );
  });

  it("bad indices, as TensorFlow does", () => {
    const step = compile((ids: tf.Tensor) =>
      tf.gather(tf.tensor1d([5, 6]), ids.toInt()),
    );
    step(tf.tensor1d([1], "int32"));
    assert.throws(
      () => step(tf.tensor1d([9], "int32")),
      /the graph failed, got: .*indices\[0\] = 9 is not in \[0, 2\)/,
    );
    step.dispose();
  });

  it("and leaves the engine as it was when the step throws", () => {
    const before = tf.memory().numTensors;
    const { random } = Math;
    const backend = tf.backend() as unknown as Record<string, unknown>;
    const { binding } = backend;
    const fails = (input: tf.Tensor): tf.Tensor => {
      input.add(1);
      throw new RangeError("from the step");
    };
    assert.throws(() => run(fails, x), /^RangeError: from the step/);
    assert.equal(Math.random, random);
    assert.equal(backend.binding, binding);
    for (const name of ["write", "getInputTensorIds", "readSync"]) {
      assert.equal(Object.hasOwn(backend, name), false);
    }
    assert.equal(tf.memory().numTensors, before);
    const [two] = tf.tidy(() => [
      ...tf.gather(x, tf.scalar(1, "int32")).dataSync(),
    ]);
    assert.equal(two, 2);
  });
});
