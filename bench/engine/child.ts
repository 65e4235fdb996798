/** Measures one task on one engine: `child.ts <engine> <task as JSON>`. */
import * as tf from "@tensorflow/tfjs";
import { compile } from "../../lib/engine/compile.ts";
import { type EngineName, useEngine } from "../../lib/engine/engine.ts";
import { initLlama, type Llama, runLlama } from "../../lib/llm/llama.ts";
import {
  disposeTensors,
  leaves,
  tidyTree,
  withLeaves,
} from "../../lib/tensor/params.ts";
import { random } from "../../lib/tensor/random.ts";
import {
  type AdamwState,
  adamwDefaults,
  startAdamw,
  stepAdamw,
} from "../../lib/train/adamw.ts";
import { nextTokenLoss } from "../../lib/train/loss.ts";
import { multiply, type Part, productsOf } from "./parts.ts";
import type { Measurement, Mode, Size, Task } from "./tasks.ts";
import { noisyWeights } from "./weights.ts";

type StepInput = {
  readonly state: AdamwState<Llama>;
  readonly tokens_BT: tf.Tensor2D;
  readonly learningRate: tf.Scalar;
  readonly stepNumber: tf.Scalar;
};

function lossAndGradients({ llama: config, B, T }: Size, part: Part) {
  return (params: Llama, tokens_BT: tf.Tensor2D) => {
    const lossOf = (...values: tf.Tensor[]) => {
      const llama = withLeaves(params, values);
      const logits_BTV = runLlama(llama, tokens_BT, { config });
      const X = B * (T - 1);
      const [, , V] = logits_BTV.shape;
      const logits_XV = logits_BTV.slice([0, 0, 0], [B, T - 1, V]);
      return nextTokenLoss(logits_XV.reshape([X, V]), {
        target_X: tokens_BT.slice([0, 1], [B, T - 1]).reshape([X]),
        weight_X: tf.ones([X]),
      });
    };
    return part === "forward"
      ? { value: lossOf(...leaves(params)), grads: [] }
      : tf.valueAndGrads(lossOf)(leaves(params));
  };
}

function trainingStep(size: Size) {
  const run = lossAndGradients(size, "gradients");
  return ({ state, tokens_BT, learningRate, stepNumber }: StepInput) => {
    const { grads, value } = run(state.params, tokens_BT);
    const options = { config: adamwDefaults, learningRate, stepNumber };
    return { loss: value, state: stepAdamw(state, grads, options) };
  };
}

/** A part of the step alone; its outputs are made, and one number is read. */
async function partAlone({
  mode,
  part,
  repeats,
  size,
}: Extract<Task, { kind: "part" }>): Promise<number[]> {
  const run = partOf(size, part, mode === "graph + XLA");
  const times: number[] = [];
  for (let i = 0; i < repeats + 4; i++) {
    const start = performance.now();
    const made = run();
    await made[0].data();
    times.push(performance.now() - start);
    tf.dispose(made);
  }
  return times.slice(4);
}

function partOf(size: Size, part: Part, xla: boolean): () => tf.Tensor[] {
  if (part === "products") {
    const all = productsOf(size);
    const step = compile(
      (input: { readonly all: readonly (readonly tf.Tensor[])[] }) => ({
        made: multiply(input.all),
      }),
      { xla },
    );
    return () => step({ all }).made;
  }
  const params = noisyWeights(initLlama(size.llama, random("bench")));
  const run = lossAndGradients(size, part);
  const step = compile(
    (input: { readonly params: Llama; readonly tokens_BT: tf.Tensor2D }) => {
      const { grads, value } = run(input.params, input.tokens_BT);
      return { made: [value as tf.Tensor, ...grads] };
    },
    { xla },
  );
  const tokens_BT = textsOf(size);
  return () => step({ params, tokens_BT }).made;
}

/** The batch of every step, as the peers have it. */
function textsOf({ B, T }: Size): tf.Tensor2D {
  const tokens = Array.from({ length: B * T }, (_, i) => i * i * 31 + i * 7);
  return tf.tensor2d(
    tokens.map((token) => token % 50),
    [B, T],
    "int32",
  );
}

async function train(
  task: Extract<Task, { kind: "train" }>,
): Promise<Omit<Measurement, "description">> {
  const { mode, size, steps, warmUp } = task;
  const run = runnerOf(size, mode);
  const tokens_BT = textsOf(size);
  const times: number[] = [];
  const losses: number[] = [];
  for (let i = 0; i < warmUp + steps; i++) {
    const numbers = {
      learningRate: tf.scalar(1e-3),
      stepNumber: tf.scalar(i + 1),
    };
    const start = performance.now();
    const loss = run({ tokens_BT, ...numbers });
    losses.push((await loss.data())[0]);
    times.push(performance.now() - start);
    tf.dispose([loss, numbers] as tf.TensorContainer);
  }
  return { times: times.slice(warmUp), firstLoss: losses[0] };
}

/** A step that keeps its state: op by op in tensors, else in the graph. */
function runnerOf(size: Size, mode: Mode) {
  const step = trainingStep(size);
  const start = startAdamw(
    noisyWeights(initLlama(size.llama, random("bench"))),
  );
  if (mode !== "eager") {
    const xla = mode === "graph + XLA";
    const carried = compile(step, { carry: "state", xla });
    carried.write(start);
    return (input: Omit<StepInput, "state">) => carried(input).loss;
  }
  let state = start;
  return (input: Omit<StepInput, "state">) => {
    const after = tidyTree(() => step({ ...input, state }));
    disposeTensors(state);
    state = after.state;
    return after.loss;
  };
}

async function matmul(n: number, repeats: number): Promise<number[]> {
  const a = tf.randomUniform<tf.Rank.R2>([n, n], -1, 1, "float32", 1);
  const b = tf.randomUniform<tf.Rank.R2>([n, n], -1, 1, "float32", 2);
  const times: number[] = [];
  for (let i = 0; i < repeats + 3; i++) {
    const start = performance.now();
    const product = tf.tidy(() => tf.matMul(a, b).slice([0, 0], [1, 1]));
    await product.data();
    times.push(performance.now() - start);
    product.dispose();
  }
  return times.slice(3);
}

const [name, json] = process.argv.slice(2);
const task: Task = JSON.parse(json);
const { description } = await useEngine(name as EngineName);
const measured =
  task.kind === "matmul"
    ? { times: await matmul(task.n, task.repeats) }
    : task.kind === "part"
      ? { times: await partAlone(task) }
      : await train(task);
console.log(JSON.stringify({ description, ...measured } satisfies Measurement));
