/** Loads, generates, trains: `child.ts <folder> <layers>`. */
import * as tf from "@tensorflow/tfjs";
import { compile } from "../../lib/engine/compile.ts";
import { useEngine } from "../../lib/engine/engine.ts";
import type { Llama } from "../../lib/llm/llama.ts";
import { openLlama } from "../../lib/llm/weights.ts";
import { paperConnector } from "../../lib/pal/connector/config.ts";
import type { Connector } from "../../lib/pal/connector/connector.ts";
import { type CostSequence, costOf } from "../../lib/pal/cost/cost.ts";
import { atDepth } from "../../lib/pal/design/layer-plan.ts";
import { attentionOnly } from "../../lib/pal/design/variant.ts";
import {
  type AudioLlmConfig,
  initAudioConnector,
} from "../../lib/pal/run/audio-llm.ts";
import { openAudioGenerator } from "../../lib/pal/run/generate.ts";
import {
  countParameters,
  disposeTensors,
  leaves,
} from "../../lib/tensor/params.ts";
import { random } from "../../lib/tensor/random.ts";
import { startAdamw } from "../../lib/train/adamw.ts";
import { batchOf } from "../step/model.ts";
import { type Part, trainingStep } from "../step/training-step.ts";
import { type Limits, type Measurement, type Phase, phase } from "./phases.ts";

const sequence = { B: 1, T: 96, answer: 16 } satisfies CostSequence;
const promptLength = 60;
const nNew = 32;

async function fastest(runs: number, work: () => tf.Tensor): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    const made = work();
    await made.data();
    times.push((performance.now() - start) / 1000);
    made.dispose();
  }
  return Math.min(...times);
}

async function measureLimits(): Promise<Limits> {
  const [n, many] = [2048, 2 ** 27];
  const square = tf.randomUniform<tf.Rank.R2>([n, n]);
  const vector = tf.ones([many]);
  const product = await fastest(10, () => tf.matMul(square, square));
  const passed = await fastest(5, () => vector.sum());
  tf.dispose([square, vector]);
  return {
    gflops: (2 * n ** 3) / product / 1e9,
    bandwidth: (4 * many) / passed / 1e9,
  };
}

/** What a repeated piece of work reaches of the limits. */
function reached(
  seconds: number,
  work: { readonly flops: number; readonly bytes: number },
  limits: Limits,
): string {
  const gflops = work.flops / seconds / 1e9;
  const bandwidth = work.bytes / seconds / 1e9;
  const percent = (x: number) => `${(100 * x).toFixed(0)} %`;
  return (
    `${gflops.toFixed(0)} GFLOP/s (${percent(gflops / limits.gflops)} of a ` +
    `product), ${bandwidth.toFixed(1)} GB/s of weights ` +
    `(${percent(bandwidth / limits.bandwidth)} of a sum's)`
  );
}

const [folder] = process.argv.slice(2);
const { description } = await useEngine("tensorflow");
const phases: Phase[] = [];
const limits = await measureLimits();

let llama: Llama;
let config: AudioLlmConfig;
let connector: Connector;
phases.push(
  await phase("load", async () => {
    const opened = await openLlama(folder);
    ({ llama } = opened);
    config = {
      variant: atDepth(attentionOnly, opened.config.nLayers),
      llama: opened.config,
      connector: paperConnector,
      encoders: [{ name: "sslam", grid: { steps: 64, bands: 8 }, width: 768 }],
      audioAt: 8,
    };
    connector = initAudioConnector(config, random("full size"));
    const millions = (tree: Llama | Connector) =>
      `${(countParameters(tree) / 1e6).toFixed(0)} M`;
    return [
      `language model ${millions(llama)} parameters, connector ` +
        `${millions(connector)}`,
    ];
  }),
  await phase(`generate ${nNew} tokens`, async () => {
    const batch = batchOf({ ...sequence, config });
    const [prompt] = (await batch.tokens_BT.array()) as number[][];
    const generator = openAudioGenerator(config);
    const at: number[] = [performance.now()];
    const [{ tokens }] = await generator.generate(
      { llama, connector },
      { prompts: [prompt.slice(0, promptLength)], heard: [batch.features_BPE] },
      {
        ends: [],
        maxNew: nNew,
        onToken: () => at.push(performance.now()),
      },
    );
    generator.dispose();
    disposeTensors(batch);
    const waits = at.slice(1).map((time, i) => (time - at[i]) / 1000);
    // The first has the prompt before it, the second the graph's recording.
    const [first, second, ...rest] = waits;
    const each = rest.sort((a, b) => a - b)[rest.length >> 1];
    const { nextToken } = costOf(config, { ...sequence, T: promptLength });
    const work = {
      flops: nextToken.total,
      bytes: 4 * countParameters(llama),
    };
    return [
      `${tokens.length} tokens: ${first.toFixed(1)} s to the first, ` +
        `${second.toFixed(1)} s to the second, then ` +
        `${(1000 * each).toFixed(0)} ms each`,
      reached(each, work, limits),
    ];
  }),
  await phase("stage-1 steps", async () => {
    const batch = batchOf({ ...sequence, config });
    const step = compile(trainingStep(config), { name: "stage 1" });
    let state = startAdamw<Part>({ connector });
    disposeTensors(connector);
    const times: number[] = [];
    const losses: number[] = [];
    for (const number of [1, 2, 3]) {
      const learningRate = tf.scalar(1e-3);
      const stepNumber = tf.scalar(number);
      const input = { batch, frozen: { llama }, learningRate, stepNumber };
      const start = performance.now();
      const after = step({ ...input, state });
      losses.push((await after.loss.data())[0]);
      times.push((performance.now() - start) / 1000);
      disposeTensors([...leaves(state), after.loss, learningRate, stepNumber]);
      state = after.state;
    }
    const { stage1Step } = costOf(config, sequence);
    const best = Math.min(...times.slice(1));
    const work = { flops: stage1Step.total, bytes: 4 * countParameters(llama) };
    return [
      `recorded in ${times[0].toFixed(1)} s, then ${best.toFixed(2)} s a step ` +
        `(B 1, T ${sequence.T}, answer ${sequence.answer})`,
      reached(best, work, limits),
      `losses ${losses.map((loss) => loss.toFixed(3)).join(", ")}`,
    ];
  }),
);
console.log(
  JSON.stringify({ description, limits, phases } satisfies Measurement),
);
