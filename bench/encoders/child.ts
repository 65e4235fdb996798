/**
 * One contender of `npm run bench -- encoders`: a network in one mode.
 *
 * A process of its own, so that its memory is its own. Says what it is on the
 * first line and answers each task, a line of JSON, with a line of JSON.
 */
import { createInterface } from "node:readline";
import * as tf from "@tensorflow/tfjs";
import { compile } from "../../lib/engine/compile.ts";
import { useEngine } from "../../lib/engine/engine.ts";
import type { Tensors } from "../../lib/tensor/params.ts";
import type { Measurement, Task } from "../encoders.ts";
import { inputOf, type NetworkName, networks } from "./networks.ts";

async function main([network, mode]: readonly string[]): Promise<void> {
  const { description } = await useEngine("tensorflow");
  const say = (what: object) => console.log(JSON.stringify(what));
  say({ version: description });
  const name = network as NetworkName;
  const { forward, load } = networks[name];
  const weights = await load();
  const step = compile(
    (input: { weights: Tensors; mel_BFL: tf.Tensor3D }) => ({
      features_BPE: forward(input.weights, input.mel_BFL),
    }),
    { xla: mode === "graph + XLA", report: () => {} },
  );
  const run = (mel_BFL: tf.Tensor3D): tf.Tensor3D =>
    mode === "eager"
      ? forward(weights, mel_BFL)
      : step({ weights, mel_BFL }).features_BPE;
  for await (const line of createInterface({ input: process.stdin })) {
    const task = JSON.parse(line) as Task;
    say(task.kind === "matmul" ? matmul(task) : measure(name, task, run));
  }
}

function measure(
  name: NetworkName,
  { B, runs }: Task,
  run: (mel_BFL: tf.Tensor3D) => tf.Tensor3D,
): Measurement {
  const mel_BFL = inputOf(name, B);
  const times: number[] = [];
  let mean = 0;
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    const features_BPE = run(mel_BFL);
    const features = features_BPE.dataSync<"float32">();
    times.push(performance.now() - start);
    features_BPE.dispose();
    mean = features.reduce((sum, x) => sum + Math.abs(x), 0) / features.length;
  }
  mel_BFL.dispose();
  return { times, mean, peak: process.resourceUsage().maxRSS * 1024 };
}

/** Products of two square matrices: what this machine can do at best. */
function matmul({ B: size, runs }: Task): Measurement {
  const a = tf.randomNormal<tf.Rank.R2>([size, size]);
  const times: number[] = [];
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    const product = tf.matMul(a, a);
    product.dataSync();
    times.push(performance.now() - start);
    product.dispose();
  }
  a.dispose();
  return { times, mean: 0, peak: process.resourceUsage().maxRSS * 1024 };
}

await main(process.argv.slice(2));
