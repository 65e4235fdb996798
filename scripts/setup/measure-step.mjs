/**
 * Times two training steps on TensorFlow as it is set up here, in a process of
 * its own, because TensorFlow reads its settings once: prints milliseconds.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./paths.mjs";

const load = (path) =>
  import(pathToFileURL(join(root, "lib", "dist", path)).href);
const [{ useEngine }, llm, { random }, { fit }, { nextTokenLoss }, tf] =
  await Promise.all([
    load("engine/engine.js"),
    load("llm/llama.js"),
    load("tensor/random.js"),
    load("train/fit.js"),
    load("train/loss.js"),
    import("@tensorflow/tfjs"),
  ]);

/** About 1 and 7 million parameters; steps until the fastest is a fair one. */
const sizes = [
  { width: 128, nLayers: 4, B: 8, T: 48, steps: 16 },
  { width: 256, nLayers: 8, B: 16, T: 64, steps: 5 },
];

async function fastestStep({ B, T, nLayers, steps, width }) {
  const config = {
    name: "measure",
    vocabularySize: 512,
    contextLength: 128,
    nLayers,
    width,
    ffnWidth: (11 * width) / 4,
    nHeads: width / 32,
    nKvHeads: width / 32,
    headWidth: 32,
    rope: { theta: 10_000 },
    normEpsilon: 1e-5,
  };
  const ids = Array.from({ length: B * T }, (_, i) => (i * i * 31 + i) % 50);
  const times = [];
  let begun = 0;
  await fit(
    {
      name: "measure",
      params: llm.initLlama(config, random("measure")),
      frozen: [],
      loss: (llama, _frozen, { text_BT }) => {
        const X = B * (T - 1);
        const logits_BTV = llm.runLlama(llama, text_BT, { config });
        const scored_BTV = logits_BTV.slice([0, 0, 0], [B, T - 1, 512]);
        return nextTokenLoss(scored_BTV.reshape([X, 512]), {
          target_X: text_BT.slice([0, 1], [B, T - 1]).reshape([X]),
          weight_X: tf.ones([X]),
        });
      },
      batchAt: () => {
        begun = performance.now();
        return { text_BT: tf.tensor2d(ids, [B, T], "int32") };
      },
      schedule: { steps, peakLearningRate: 1e-3, warmupRatio: 0.1 },
    },
    { onStep: () => times.push(performance.now() - begun) },
  );
  // The first step is the recording, the second compiles.
  return Math.min(...times.slice(2));
}

await useEngine("tensorflow", { report: () => {} });
const milliseconds = [];
for (const size of sizes) milliseconds.push(await fastestStep(size));
console.log(JSON.stringify(milliseconds));
