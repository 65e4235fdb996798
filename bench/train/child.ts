/**
 * Trains a design, step by step on demand: `child.ts <task as JSON>`.
 *
 * Each line of input asks for steps, `{"steps": 5}`, and is answered by a line.
 */
import { createInterface } from "node:readline";
import * as tf from "@tensorflow/tfjs";
import { useEngine } from "../../lib/engine/engine.ts";
import { disposeTensors } from "../../lib/tensor/params.ts";
import { openStepper, type Stepper } from "../../lib/train/stepper.ts";
import { begin, disposeProgress } from "../../lib/train/training.ts";
import { forgetPeak, memoryOf } from "../full-size/phases.ts";
import type { Answer, Task } from "./tasks.ts";
import { noisyTraining } from "./training.ts";

/** A training that takes one step. */
type Step = () => ReturnType<Stepper<never>["next"]>;

function open(task: Task): Step {
  const { training } = noisyTraining(task);
  const progress = begin(training);
  const stepper = openStepper(training, progress);
  // The stepper alone holds what it trains.
  disposeProgress(progress);
  disposeTensors(training.params);
  return stepper.next;
}

const mebibytes = (line: "VmHWM" | "VmRSS") => 1024 * memoryOf(line);

/** Without what JavaScript has not yet thrown away. */
function held(): number {
  globalThis.gc?.();
  return mebibytes("VmRSS");
}

async function answer(step: Step, n: number): Promise<Measured> {
  const [times, processor, losses]: number[][] = [[], [], []];
  for (let i = 0; i < n; i++) {
    const used = process.cpuUsage();
    const { loss, seconds } = await step();
    const { system, user } = process.cpuUsage(used);
    times.push(seconds * 1000);
    processor.push((system + user) / 1000);
    losses.push(loss);
  }
  const peakMiB = mebibytes("VmHWM");
  const nTensors = tf.memory().numTensors;
  return { times, processor, losses, peakMiB, heldMiB: held(), nTensors };
}

type Measured = Omit<Answer, "description" | "startMiB">;

const { description } = await useEngine("tensorflow");
const startMiB = held();
const step = open(JSON.parse(process.argv[2]));
forgetPeak();
for await (const line of createInterface(process.stdin)) {
  const measured = await answer(step, JSON.parse(line).steps);
  const told: Answer = { description, startMiB, ...measured };
  console.log(JSON.stringify(told));
}
