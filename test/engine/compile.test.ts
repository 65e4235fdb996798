import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { compile } from "../../lib/engine/compile.ts";
import { tensorflowHere } from "./tensorflow-here.ts";
import {
  eagerStep,
  initState,
  lossOf,
  tokensAt,
  train,
  trainStep,
} from "./tiny-transformer.ts";

const double = ({ x }: { readonly x: tf.Tensor }) => ({ y: x.mul(2) });

function native() {
  return tf.backend() as unknown as {
    getNumOfSavedModels(): number;
    getNumOfTFTensors(): number;
  };
}

const graphFolders = () =>
  readdirSync(tmpdir()).filter((name) => name.startsWith("pal-lab-graph-"));

describe("compile on tensorflow", await tensorflowHere(), () => {
  for (const xla of [false, true]) {
    it(`equals the eager step over 50 steps (xla: ${xla})`, async () => {
      const eager = await train(eagerStep, 50);
      const compiled = compile(trainStep, { xla });
      const losses = await train(compiled, 50);
      const gap = Math.max(
        ...losses.map((loss, i) => Math.abs(loss - eager[i])),
      );
      assert.ok(gap < 1e-5, `largest difference of a loss: ${gap}`);
      assert.equal(compiled.traces.length, 1);
      compiled.dispose();
    });
  }

  it("goes over to XLA after 500 runs and keeps its values", () => {
    const step = compile(lossStep, { xla: "auto" });
    const input = { weights: initState().weights, tokens_BT: tokensAt(0) };
    const before = tf.tidy(() => step(input).dataSync()[0]);
    for (let run = 1; run < 500; run++) step(input).dispose();
    assert.equal(step.traces[0].xla, false);
    const after = tf.tidy(() => step(input).dataSync()[0]);
    assert.equal(step.traces[0].xla, true);
    assert.ok(Math.abs(after - before) < 1e-5);
    step.dispose();
  });

  it("keeps the structure of the output, and the order of its names", () => {
    const step = compile(({ b, a }: { b: tf.Tensor; a: tf.Tensor }) => ({
      z: [a.add(1), { deep: b }],
      a: a.sub(b),
    }));
    const input = { b: tf.scalar(2), a: tf.scalar(5) };
    for (const { a, z } of [step(input), step(input)]) {
      assert.equal(a.dataSync()[0], 3);
      assert.equal((z[0] as tf.Tensor).dataSync()[0], 6);
      assert.equal((z[1] as { deep: tf.Tensor }).deep.dataSync()[0], 2);
    }
    assert.deepEqual(Object.keys(step(input)), ["z", "a"]);
    step.dispose();
  });

  it("gives outputs of their own: passed through, twice, and constant", () => {
    const step = compile((x: tf.Tensor) => {
      const y = x.add(1);
      return { x, first: y, second: y, constant: tf.tensor1d([7, 8]) };
    });
    const x = tf.tensor1d([1, 2]);
    for (const out of [step(x), step(x)]) {
      tf.dispose([out.x, out.first]);
      assert.deepEqual([...out.second.dataSync()], [2, 3]);
      assert.deepEqual([...out.constant.dataSync()], [7, 8]);
      assert.deepEqual([...x.dataSync()], [1, 2]);
    }
    step.dispose();
  });

  it("keeps two inputs apart that were one tensor while recording", () => {
    const step = compile(({ a, b }: { a: tf.Tensor; b: tf.Tensor }) =>
      a.sub(b),
    );
    const x = tf.scalar(3);
    assert.equal(step({ a: x, b: x }).dataSync()[0], 0);
    assert.equal(step({ a: x, b: tf.scalar(1) }).dataSync()[0], 2);
    step.dispose();
  });

  it("carries bool, int32, scalars and tensors of size zero", () => {
    const step = compile(
      ({ yes, ids, none }: Record<"yes" | "ids" | "none", tf.Tensor>) => ({
        no: tf.logicalNot(yes),
        next: ids.add(tf.scalar(1, "int32")),
        none: tf.concat([none, none], 1).square(),
        wide: ids.expandDims(0),
      }),
    );
    const input = {
      yes: tf.tensor1d([true, false], "bool"),
      ids: tf.scalar(41, "int32"),
      none: tf.zeros([0, 3]),
    };
    for (const out of [step(input), step(input)]) {
      assert.deepEqual([out.no.dtype, ...out.no.dataSync()], ["bool", 0, 1]);
      assert.deepEqual([out.next.dtype, ...out.next.dataSync()], ["int32", 42]);
      assert.deepEqual(out.none.shape, [0, 6]);
      assert.deepEqual(out.wide.shape, [1]);
    }
    step.dispose();
  });

  it("makes a graph of a step without inputs", () => {
    const step = compile(() => tf.range(0, 3).mul(2));
    for (const out of [step({}), step({})]) {
      assert.deepEqual([...out.dataSync()], [0, 2, 4]);
    }
    step.dispose();
  });

  it("traces a second shape again and says so", () => {
    const lines: string[] = [];
    const report = (line: string) => lines.push(line);
    const step = compile(double, { name: "double", report });
    for (const size of [2, 3, 2, 3]) {
      const { y } = step({ x: tf.ones([size]) });
      assert.deepEqual([...y.dataSync()], Array(size).fill(2));
    }
    assert.equal(step.traces.length, 2);
    assert.equal(lines.length, 1);
    assert.match(
      lines[0],
      /^compile\("double"\): trace 2 for input\.x float32 \[3\] \(\d+ nodes, /,
    );
    step.dispose();
  });

  it("loses no tensor and little memory over 1,000 runs", async () => {
    const step = compile(trainStep, { xla: false });
    await train(step, 100);
    const tensors = tf.memory().numTensors;
    const handles = native().getNumOfTFTensors();
    const rss = process.memoryUsage().rss;
    await train(step, 1000);
    assert.equal(tf.memory().numTensors, tensors);
    assert.equal(native().getNumOfTFTensors(), handles);
    const grown = (process.memoryUsage().rss - rss) / 2 ** 20;
    assert.ok(grown < 64, `resident memory grew by ${grown.toFixed(0)} MiB`);
    step.dispose();
  });

  it("leaves no graph and no temporary folder behind", () => {
    const sessions = native().getNumOfSavedModels();
    const folders = graphFolders();
    const step = compile(double, { report: () => {} });
    step({ x: tf.ones([2]) });
    step({ x: tf.ones([4]) });
    assert.equal(native().getNumOfSavedModels(), sessions + 2);
    step.dispose();
    assert.equal(native().getNumOfSavedModels(), sessions);
    assert.deepEqual(graphFolders(), folders);
  });

  it("runs an inner compiled step inside the outer recording", () => {
    const inner = compile(double);
    const outer = compile(({ x }: { x: tf.Tensor }) => inner({ x }).y.add(1));
    for (let run = 0; run < 2; run++) {
      assert.equal(outer({ x: tf.scalar(5) }).dataSync()[0], 11);
    }
    assert.equal(inner.traces.length, 0);
    outer.dispose();
  });

  it("lets a gradient pass through a compiled function", () => {
    const square = compile((x: tf.Tensor) => x.square());
    square(tf.scalar(3));
    const slope = tf.grad((x) => square(x))(tf.scalar(3));
    assert.equal(slope.dataSync()[0], 6);
    square.dispose();
  });
});

function lossStep(input: {
  readonly weights: readonly tf.Tensor[];
  readonly tokens_BT: tf.Tensor2D;
}): tf.Tensor {
  return lossOf(input.weights, input.tokens_BT);
}
