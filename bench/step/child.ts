/** Measures training steps of one design: `child.ts <task as JSON>`. */
import * as tf from "@tensorflow/tfjs";
import { compile } from "../../lib/engine/compile.ts";
import { useEngine } from "../../lib/engine/engine.ts";
import { unembedAt } from "../../lib/llm/llama.ts";
import { type AudioLlm, hearText } from "../../lib/pal/audio-llm.ts";
import { disposeTensors, leaves, withLeaves } from "../../lib/tensor/params.ts";
import {
  type AdamwState,
  adamwDefaults,
  startAdamw,
  stepAdamw,
} from "../../lib/train/adamw.ts";
import { nextTokenLoss } from "../../lib/train/loss.ts";
import { type Batch, batchOf, noisyModel } from "./model.ts";
import type { Answer, Task } from "./tasks.ts";

type Part = Partial<AudioLlm>;

type StepInput = {
  readonly state: AdamwState<Part>;
  readonly frozen: Part;
  readonly batch: Batch;
  readonly learningRate: tf.Scalar;
  readonly stepNumber: tf.Scalar;
};

/** Forward, backward and AdamW, as `fit` has them. */
function trainingStep({ config }: Task) {
  const { llama } = config;
  return ({ batch, frozen, state, ...numbers }: StepInput) => {
    const { features_BPE, scored, tokens_BT } = batch;
    const lossOf = (...values: tf.Tensor[]) => {
      const trained = withLeaves(state.params, values);
      const model = { ...frozen, ...trained } as AudioLlm;
      const input = { text_BT: tokens_BT, features: [features_BPE] };
      const text_BTD = hearText(model, input, { config });
      const options = { at_X: scored.at_X, config: llama };
      return nextTokenLoss(unembedAt(model.llama, text_BTD, options), scored);
    };
    const { grads, value } = tf.valueAndGrads(lossOf)(leaves(state.params));
    const options = { config: adamwDefaults, ...numbers };
    return { loss: value, state: stepAdamw(state, grads, options) };
  };
}

async function train(task: Task): Promise<Omit<Answer, "description">> {
  const step = compile(trainingStep(task), {
    name: task.config.variant.name,
    xla: task.mode === "graph + XLA",
  });
  const { connector, llama } = noisyModel(task);
  const [trained, frozen]: Part[] =
    task.stage === 1 ? [{ connector }, { llama }] : [{ connector, llama }, {}];
  const batch = batchOf(task);
  const times: number[] = [];
  const losses: number[] = [];
  let state = startAdamw(trained);
  disposeTensors(trained);
  for (let i = 0; i < task.warmUp + task.steps; i++) {
    const learningRate = tf.scalar(1e-3);
    const stepNumber = tf.scalar(i + 1);
    const start = performance.now();
    const after = step({ state, frozen, batch, learningRate, stepNumber });
    losses.push((await after.loss.data())[0]);
    times.push(performance.now() - start);
    disposeTensors([state, after.loss, learningRate, stepNumber]);
    state = after.state;
  }
  const [{ nNodes }] = step.traces;
  return {
    times: times.slice(task.warmUp),
    losses: losses.slice(0, 2),
    nNodes,
  };
}

const task: Task = JSON.parse(process.argv[2]);
const { description } = await useEngine("tensorflow");
const answer: Answer = { description, ...(await train(task)) };
console.log(JSON.stringify(answer));
