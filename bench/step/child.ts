/** Measures training steps of one design: `child.ts <task as JSON>`. */
import * as tf from "@tensorflow/tfjs";
import { compile } from "../../lib/engine/compile.ts";
import { useEngine } from "../../lib/engine/engine.ts";
import { disposeTensors } from "../../lib/tensor/params.ts";
import { startAdamw } from "../../lib/train/adamw.ts";
import { batchOf, noisyModel } from "./model.ts";
import type { Measurement, Task } from "./tasks.ts";
import { type Part, trainingStep } from "./training-step.ts";

async function train(task: Task): Promise<Omit<Measurement, "description">> {
  const step = compile(trainingStep(task.config), {
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
const answer: Measurement = { description, ...(await train(task)) };
console.log(JSON.stringify(answer));
