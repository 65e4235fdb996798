/** Trains with the state in one form: `child.ts <question as JSON>`. */
import * as tf from "@tensorflow/tfjs";
import { compile } from "../../lib/engine/compile.ts";
import { useEngine } from "../../lib/engine/engine.ts";
import { countParameters, disposeTensors } from "../../lib/tensor/params.ts";
import { startAdamw } from "../../lib/train/adamw.ts";
import { forgetPeak, memoryOf } from "../full-size/phases.ts";
import { type Batch, batchOf, noisyModel } from "../step/model.ts";
import {
  type Part,
  type StepInput,
  trainingStep,
} from "../step/training-step.ts";
import type { Changes, Form, Measurement, Question, Time } from "./tasks.ts";

const { form, hasChanges, task }: Question = JSON.parse(process.argv[2]);

type State = StepInput["state"];

/** A step that keeps its state by itself: only the loss comes out. */
type Step = (input: Omit<StepInput, "state">) => tf.Scalar;

const options = { name: task.config.variant.name, report: () => {} };

function inAndOut(first: State): Step {
  const step = compile(trainingStep(task.config), options);
  let state = first;
  return (input) => {
    const after = step({ ...input, state });
    disposeTensors(state);
    state = after.state;
    return after.loss;
  };
}

function carried(first: State): Step {
  const step = compile(trainingStep(task.config), {
    ...options,
    carry: "state",
  });
  step.write(first);
  disposeTensors(first);
  return (input) => step(input).loss;
}

const open: Readonly<Record<Form, (first: State) => Step>> = {
  "in and out": inAndOut,
  carried,
};

function start(): State {
  const model: Part = noisyModel(task);
  const state = startAdamw(model);
  disposeTensors(model);
  return state;
}

const { description } = await useEngine("tensorflow");
const first = start();
const parameters = countParameters(first.params);
const step = open[form](first);
const losses: number[] = [];

function time(batch: Batch): Time {
  const begun = performance.now();
  const used = process.cpuUsage();
  const learningRate = tf.scalar(1e-3);
  const stepNumber = tf.scalar(losses.length + 1);
  const loss = step({ frozen: {}, batch, learningRate, stepNumber });
  losses.push(loss.dataSync()[0]);
  disposeTensors([loss, learningRate, stepNumber]);
  const { system, user } = process.cpuUsage(used);
  const wall = performance.now() - begun;
  return { wall, processor: (system + user) / 1000 };
}

function change(batch: Batch): Changes {
  const other = batchOf({ ...task, T: task.T - 16 });
  const [made, back] = [other, batch].map(time);
  time(other); // planned now, as the first trace was by its second run
  const times = [batch, other, batch, other].map(time);
  const [toAndFro] = times.sort((a, b) => a.processor - b.processor);
  return { made, back, toAndFro };
}

const batch = batchOf(task);
forgetPeak();
time(batch);
const recordingGiB = memoryOf("VmHWM");
for (let i = 1; i < task.warmUp; i++) time(batch);
forgetPeak();
const times = Array.from({ length: task.steps }, () => time(batch));
const stepsGiB = memoryOf("VmHWM");
const changes = hasChanges ? change(batch) : undefined;

const answer: Measurement = {
  description,
  parameters,
  losses,
  times,
  recordingGiB,
  stepsGiB,
  changes,
};
console.log(JSON.stringify(answer));
