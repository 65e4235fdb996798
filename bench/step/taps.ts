/** What unheard taps cost: `taps.ts <task as JSON>`. */
import * as tf from "@tensorflow/tfjs";
import { compile } from "../../lib/engine/compile.ts";
import { useEngine } from "../../lib/engine/engine.ts";
import { type AudioLlm, hearText } from "../../lib/pal/run/audio-llm.ts";
import { noTap, type Tap } from "../../lib/tensor/tap.ts";
import { type Batch, batchOf, noisyModel } from "./model.ts";
import type { Task } from "./tasks.ts";

/** Of one forward pass; a graph that runs calls no tap at all. */
export interface TapCost {
  readonly calls: number;
  readonly tapsMs: number;
  /** Run op by op, the taps' calls included. */
  readonly forwardMs: number;
  /** Operations of the forward graph, unheard and with a tap that listens. */
  readonly nodes: { readonly unheard: number; readonly heard: number };
}

type Input = { readonly model: AudioLlm; readonly batch: Batch };

function forward({ config }: Task, tap: Tap) {
  return ({ batch, model }: Input): { text_BTD: tf.Tensor3D } => {
    const { features_BPE, tokens_BT: text_BT } = batch;
    const input = { text_BT, features: [features_BPE] };
    return { text_BTD: hearText(model, input, { config, tap }) };
  };
}

function fastest(runs: number, work: () => void): number {
  const times = Array.from({ length: runs }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
  return Math.min(...times);
}

function countNodes(task: Task, input: Input, tap: Tap): number {
  const step = compile(forward(task, tap), { name: "forward" });
  tf.dispose(step(input));
  const [{ nNodes }] = step.traces;
  step.dispose();
  return nNodes;
}

function measure(task: Task): TapCost {
  const input = { model: noisyModel(task), batch: batchOf(task) };
  const names: string[] = [];
  const listen = <X extends tf.Tensor>(name: string, x: X): X => {
    names.push(name);
    return x;
  };
  const heard = Object.assign(listen, { wants: () => false });
  const nodes = {
    heard: countNodes(task, input, heard),
    unheard: countNodes(task, input, noTap),
  };
  const run = forward(task, noTap);
  const forwardMs = fastest(5, () =>
    tf.tidy(() => void run(input).text_BTD.dataSync()),
  );
  const x = tf.scalar(0);
  // With a name made for each call, as the model makes them.
  const tapsMs = fastest(20, () => {
    for (const [i, name] of names.entries()) noTap(`blocks.${i}.${name}`, x);
  });
  return { calls: names.length, tapsMs, forwardMs, nodes };
}

await useEngine("tensorflow");
console.log(JSON.stringify(measure(JSON.parse(process.argv[2]))));
