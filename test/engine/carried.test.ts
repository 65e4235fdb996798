import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { compile } from "../../lib/engine/compile.ts";
import { currentEngine } from "../../lib/engine/engine.ts";
import { assertClose } from "../close.ts";
import { startEngine } from "../use-engine.ts";

type State = { readonly sum: tf.Tensor1D; readonly count: tf.Scalar };
type Input = { readonly state: State; readonly at: tf.Tensor1D };

/** Adds the picked numbers to a running sum; the table has three rows. */
function step({ at, state }: Input) {
  const table = tf.tensor2d([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);
  const picked: tf.Tensor = tf.gather(table, at);
  const added = picked.sum(0) as tf.Tensor1D;
  return {
    added,
    state: {
      sum: state.sum.add<tf.Tensor1D>(added),
      count: state.count.add<tf.Scalar>(1),
    },
  };
}

const start = (): State => ({ sum: tf.tensor1d([0, 0]), count: tf.scalar(0) });
const rows = (...at: number[]) => ({ at: tf.tensor1d(at, "int32") });
const quiet = { report: () => {} };
const numbers = (state: State) => [
  ...state.sum.dataSync(),
  ...state.count.dataSync(),
];

describe("a carried state", () => {
  before(startEngine);
  const open = () => {
    const carried = compile(step, { carry: "state", ...quiet });
    carried.write(start());
    return carried;
  };

  it("is what the step made of it, and the rest comes out", () => {
    const carried = open();
    assertClose(carried(rows(0, 1)).added, [4, 6]);
    assertClose(carried(rows(2, 2)).added, [10, 12]);
    assertClose(carried(rows(0, 0)).added, [2, 4]);
    assert.deepEqual(numbers(carried.read()), [16, 22, 3]);
    carried.dispose();
  });

  it("is one for all traces", () => {
    const carried = open();
    for (const at of [[0, 1], [2], [1, 1, 1], [2], [0, 1]]) {
      carried(rows(...at));
    }
    assert.deepEqual(numbers(carried.read()), [
      4 + 5 + 9 + 5 + 4,
      6 + 6 + 12 + 6 + 6,
      5,
    ]);
    assert.equal(carried.traces.length, currentEngine()?.compiles ? 3 : 0);
    carried.dispose();
  });

  it("can be set and read at any time, and stays the caller's outside", () => {
    const carried = open();
    const set = { sum: tf.tensor1d([10, 20]), count: tf.scalar(7) };
    carried.write(set); // before the first step
    carried(rows(0));
    const copy = carried.read();
    carried.write(set); // after it
    carried(rows(1));
    carried(rows(1));
    assert.deepEqual(numbers(set), [10, 20, 7]);
    assert.deepEqual(numbers(copy), [11, 22, 8]);
    assert.deepEqual(numbers(carried.read()), [16, 28, 9]);
    carried.dispose();
  });

  it("stays as it was where a step fails", () => {
    const carried = open();
    let isBroken = false;
    const fragile = compile(
      (input: Input) => {
        if (isBroken) throw new Error("broken");
        return step(input);
      },
      { carry: "state", ...quiet },
    );
    fragile.write(start());
    carried(rows(0));
    fragile(rows(0));
    isBroken = true;
    // Another shape, so that the step is run again where it is recorded.
    assert.throws(() => fragile(rows(0, 1)), /broken/);
    assert.throws(() => carried({ at: tf.tensor1d([5, -1], "int32") }));
    assert.deepEqual(numbers(carried.read()), [1, 2, 1]);
    assert.deepEqual(numbers(fragile.read()), [1, 2, 1]);
    carried(rows(0));
    assert.deepEqual(numbers(carried.read()), [2, 4, 2]);
    for (const one of [carried, fragile]) one.dispose();
  });

  it("stays as it was where the loaded graph fails", (t) => {
    if (currentEngine()?.name !== "tensorflow") {
      return t.skip("only TensorFlow on a CPU checks indices in a graph");
    }
    const carried = open();
    carried(rows(0));
    assert.throws(() => carried(rows(9)), /the graph failed, got: .*indices/);
    assert.deepEqual(numbers(carried.read()), [1, 2, 1]);
    carried.dispose();
  });

  it("holds no more tensors after a hundred steps than after two", () => {
    const held = tf.memory().numTensors;
    const carried = open();
    tf.tidy(() => {
      for (const _ of [0, 1]) carried(rows(1));
    });
    const early = tf.memory().numTensors;
    tf.tidy(() => {
      for (let i = 0; i < 100; i++) carried(rows(i % 3));
    });
    assert.equal(tf.memory().numTensors, early);
    carried.dispose();
    // What `open` made outside of any tidy: the first state's two tensors.
    assert.equal(tf.memory().numTensors - held, 2);
  });

  it("loses no memory over a thousand steps of a large state", (t) => {
    if (!currentEngine()?.compiles)
      return t.skip("plain tensors of the engine");
    const size = 2 ** 20;
    const wide = compile(
      ({ by, state }: { by: tf.Scalar; state: tf.Tensor1D }) => ({
        first: state.slice([0], [1]),
        state: state.mul<tf.Tensor1D>(by),
      }),
      { carry: "state", ...quiet },
    );
    tf.tidy(() => wide.write(tf.ones([size])));
    const by = tf.scalar(1);
    const run = (steps: number) =>
      tf.tidy(() => {
        for (let i = 0; i < steps; i++) wide({ by });
      });
    run(50);
    const before = process.memoryUsage().rss;
    run(1000);
    const grown = (process.memoryUsage().rss - before) / (4 * size);
    assert.ok(grown < 8, `grew by ${grown.toFixed(1)} states`);
    wide.dispose();
  });

  it("frees its graph and its tensors", (t) => {
    if (!currentEngine()?.compiles) return t.skip("there is no graph");
    const backend = tf.backend() as unknown as {
      getNumOfSavedModels(): number;
    };
    const graphs = backend.getNumOfSavedModels();
    const held = tf.memory().numTensors;
    tf.tidy(() => {
      const carried = open();
      for (const at of [[0], [1, 2], [0, 1, 2]]) carried(rows(...at));
      assert.equal(backend.getNumOfSavedModels(), graphs + 1);
      carried.dispose();
    });
    assert.equal(backend.getNumOfSavedModels(), graphs);
    assert.equal(tf.memory().numTensors, held);
  });

  it("may have parts that no step touches", () => {
    type Parts = { readonly moving: tf.Scalar; readonly still: tf.Scalar };
    const carried = compile(
      ({ state: { moving, still } }: { state: Parts }) => ({
        state: { moving: moving.add<tf.Scalar>(still), still },
      }),
      { carry: "state", ...quiet },
    );
    carried.write({ moving: tf.scalar(1), still: tf.scalar(10) });
    for (let i = 0; i < 3; i++) carried({});
    const { moving, still } = carried.read();
    assert.deepEqual([moving.dataSync()[0], still.dataSync()[0]], [31, 10]);
    carried.dispose();
  });

  it("adds up in the order of the step that takes and returns it", () => {
    type Four = { readonly state: readonly tf.Tensor1D[] };
    const sums = ({ state: [a, b, c, d] }: Four) => ({
      state: [
        b.sin(),
        c.cos(),
        d.sin(),
        a.sin().add(b.cos()).add(c.sin()).add(d.cos()),
      ] as tf.Tensor1D[],
    });
    let state: readonly tf.Tensor1D[] = [1, 2, 3, 4].map((step) =>
      tf.linspace(0, step, 1000),
    );
    const inOut = compile(sums, quiet);
    const carried = compile(sums, { carry: "state", ...quiet });
    carried.write(state);
    for (let i = 0; i < 5; i++) {
      ({ state } = inOut({ state }));
      carried({});
    }
    const bits = (all: readonly tf.Tensor[]) =>
      all.map((one) => [...one.dataSync()]);
    assert.deepEqual(bits(carried.read()), bits(state));
    for (const one of [inOut, carried]) one.dispose();
  });

  it("may change places", () => {
    type Pair = readonly [tf.Scalar, tf.Scalar];
    const carried = compile(
      ({ state: [a, b] }: { state: Pair }) => ({ state: [b, a] as Pair }),
      { carry: "state", ...quiet },
    );
    carried.write([tf.scalar(1), tf.scalar(2)]);
    for (let i = 0; i < 3; i++) carried({});
    const pair = carried.read().map((one) => one.dataSync()[0]);
    assert.deepEqual(pair, [2, 1]);
    carried.dispose();
  });

  it("refuses an input that brings a state", () => {
    const carried = compile(step, { carry: "state", name: "sums", ...quiet });
    carried.write(start());
    const whole = { ...rows(0), state: start() };
    assert.throws(() => carried(whole), {
      name: "TypeError",
      message:
        'compile("sums"): expected an input without "state", which is ' +
        "carried, got one with it; set it with write(state)",
    });
    assert.deepEqual(numbers(carried.read()), [0, 0, 0]);
    carried.dispose();
  });

  it("refuses a step before there is a state, and after it was freed", () => {
    const carried = compile(step, { carry: "state", name: "sums", ...quiet });
    const message =
      'compile("sums"): expected a state, got none; set it with write(state)';
    assert.throws(() => carried(rows(0)), { message });
    carried.write(start());
    carried.dispose();
    const freed = 'compile("sums"): expected a step in use, got a disposed one';
    assert.throws(() => carried(rows(0)), { message: freed });
    assert.throws(() => carried.write(start()), { message: freed });
  });

  it("refuses a state of another form or shape", () => {
    const carried = compile(step, { carry: "state", name: "sums", ...quiet });
    carried.write(start());
    const other = { ...start(), sum: tf.tensor1d([1, 2, 3]) };
    assert.throws(() => carried.write(other), {
      name: "RangeError",
      message:
        'compile("sums"): expected state.sum float32 [2], ' +
        'got state.sum float32 [3] (state "state")',
    });
    const growing = compile(
      ({ state }: { state: tf.Tensor1D }) => ({
        state: state.concat(tf.tensor1d([1])),
      }),
      { carry: "state", name: "growing", ...quiet },
    );
    growing.write(tf.tensor1d([1]));
    assert.throws(() => growing({}), {
      message:
        'compile("growing"): expected state float32 [1], ' +
        'got state float32 [2] (state "state")',
    });
  });

  it("refuses a step that does not return it", () => {
    const lost = compile(
      ({ state }: Input) => ({ sum: state.sum.clone() }) as never,
      { carry: "state", name: "lost", ...quiet },
    );
    lost.write(start());
    assert.throws(() => lost(rows(0)), {
      name: "TypeError",
      message: 'compile("lost"): expected a step that returns "state", got sum',
    });
  });

  it("refuses to go over to XLA by itself", () => {
    const options = { carry: "state", xla: "auto" } as never;
    assert.throws(() => compile(step, options), {
      name: "RangeError",
      message: /expected xla to be true or false beside carry, got "auto"/,
    });
  });

  it("refuses to be part of a gradient", () => {
    const carried = open();
    assert.throws(
      () =>
        tf.grad((x) => {
          carried(rows(0));
          return x.sum();
        })(tf.tensor1d([1])),
      /expected a call of its own, got one inside a gradient/,
    );
    carried.dispose();
  });

  it("lives on when its state is written anew from host values", () => {
    // Host memory must not be let go of on TensorFlow's threads: a heap that
    // is damaged ends this process.
    const made = compile(
      ({ state, x }: { state: tf.Tensor[]; x: tf.Tensor }) => ({
        state: state.map((part) => part.add(x)),
      }),
      { carry: "state", report: () => {} },
    );
    for (let i = 0; i < 200; i++) {
      const state = Array.from({ length: 40 }, (_, i) =>
        tf.tensor1d(new Float32Array(100 + i).fill(i)),
      );
      made.write(state);
      tf.dispose(state);
      const x = tf.scalar(1);
      made({ x });
      x.dispose();
    }
    const read = made.read();
    assert.equal(read[7].dataSync()[0], 8);
    tf.dispose(read);
    made.dispose();
  });
});
