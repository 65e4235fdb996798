/** Answers one prompt: `child.ts <task as JSON>`. */
import * as tf from "@tensorflow/tfjs";
import { useEngine } from "../../lib/engine/engine.ts";
import { openGenerator } from "../../lib/llm/generate.ts";
import { openLlama } from "../../lib/llm/weights.ts";
import { countParameters } from "../../lib/tensor/params.ts";
import { phase } from "../full-size/phases.ts";
import type { Measurement, Task } from "./tasks.ts";

const many = 2 ** 27;

/** GB/s of the fastest pass over numbers that fit into no cache. */
function measureBandwidth(): number {
  const numbers = tf.ones([many]);
  const times = Array.from({ length: 12 }, () => {
    const start = performance.now();
    tf.tidy(() => numbers.sum().dataSync());
    return performance.now() - start;
  });
  numbers.dispose();
  return (4 * many) / Math.min(...times) / 1e6;
}

const { dtype, folder, nNew, prompt }: Task = JSON.parse(process.argv[2]);
const { description } = await useEngine("tensorflow");
const before = measureBandwidth();

let opened: Awaited<ReturnType<typeof openLlama>>;
const loaded = await phase("load", async () => {
  opened = await openLlama(folder, { weights: dtype });
  return [];
});
const { config, llama } = opened!;

let tokens: readonly number[] = [];
const at: number[] = [];
const generated = await phase("generate", async () => {
  const generator = openGenerator(config);
  const [made] = await generator.generate(
    llama,
    { prompts: [prompt], heard: [] },
    {
      ends: [],
      maxNew: nNew,
      onToken: () => {
        at.push(performance.now());
      },
    },
  );
  ({ tokens } = made);
  generator.dispose();
  return [];
});
const answer: Measurement = {
  description,
  tokens,
  times: at.slice(1).map((time, i) => time - at[i]),
  parameters: countParameters(llama),
  peakGiB: Math.max(loaded.peakGiB, generated.peakGiB),
  generatingGiB: generated.peakGiB,
  bandwidths: [before, measureBandwidth()],
};
console.log(JSON.stringify(answer));
