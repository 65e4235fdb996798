/**
 * Takes one step of a design as a graph: `recompute-child.ts DESIGN WHAT [xla]`
 * with WHAT "layers" or "nothing"; prints its peak of memory and loss as JSON.
 */
import * as tf from "@tensorflow/tfjs";
import { forgetPeak, memoryOf } from "../../bench/full-size/phases.ts";
import { batchOf } from "../../bench/step/model.ts";
import { compile } from "../../lib/engine/compile.ts";
import { useEngine } from "../../lib/engine/engine.ts";
import { toyLlama } from "../../lib/llm/config.ts";
import { initLlama, unembedAt } from "../../lib/llm/llama.ts";
import { plainConnector } from "../../lib/pal/connector/config.ts";
import { designNamed } from "../../lib/pal/design/designs.ts";
import { atDepth } from "../../lib/pal/design/layer-plan.ts";
import {
  type AudioLlm,
  hearText,
  initAudioConnector,
} from "../../lib/pal/run/audio-llm.ts";
import {
  disposeTensors,
  leaves,
  tidyTree,
  withLeaves,
} from "../../lib/tensor/params.ts";
import { random } from "../../lib/tensor/random.ts";
import { nextTokenLoss } from "../../lib/train/loss.ts";

const [name, recomputes, xla] = process.argv.slice(2);
await useEngine("tensorflow");
const llama = {
  ...toyLlama,
  nLayers: 12,
  width: 128,
  ffnWidth: 512,
  nHeads: 4,
  nKvHeads: 2,
  headWidth: 32,
  vocabularySize: 64,
};
const config = {
  variant: atDepth(designNamed(name), llama.nLayers),
  llama,
  connector: plainConnector({
    query: { steps: 16, bands: 1 },
    width: 16,
    nHeads: 2,
  }),
  encoders: [{ name: "sslam", grid: { steps: 16, bands: 2 }, width: 16 }],
  audioAt: 4,
};
const recompute = recomputes === "layers" ? { frozen: {} } : undefined;

/** Loss and length of the gradient: what is made of it is freed at once. */
const step = compile(
  ({ batch, model }: { batch: ReturnType<typeof batchOf>; model: AudioLlm }) =>
    tidyTree(() => {
      const { features_BPE, scored, tokens_BT } = batch;
      const input = { text_BT: tokens_BT, features: [features_BPE] };
      const lossOf = (...values: tf.Tensor[]) => {
        const moved = withLeaves(model, values);
        const text_BTD = hearText(moved, input, { config, recompute });
        const options = { at_X: scored.at_X, config: llama };
        return nextTokenLoss(unembedAt(moved.llama, text_BTD, options), scored);
      };
      const { grads, value } = tf.valueAndGrads(lossOf)(leaves(model));
      const squares = grads.map((grad) => grad.square().sum());
      return { loss: value, square: squares.reduce((a, b) => a.add(b)) };
    }),
  { xla: xla === "xla" },
);
const input = {
  model: {
    llama: initLlama(llama, random("language model")),
    connector: initAudioConnector(config, random("connector")),
  },
  batch: batchOf({ B: 8, T: 128, answer: 8, config }),
};
for (const _ of ["recorded", "planned"]) disposeTensors(step(input));
forgetPeak();
const { loss, square } = step(input);
const told = {
  peakMiB: 1024 * memoryOf("VmHWM"),
  loss: loss.dataSync()[0],
  square: square.dataSync()[0],
};
console.log(JSON.stringify(told));
