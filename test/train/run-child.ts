/**
 * A tiny run, to be killed:
 * `node --import tsx run-child.ts FOLDER STEPS WORKERS`.
 *
 * Says "ready" before it opens the folder, and ends with the weights' sha256.
 */
import * as tf from "@tensorflow/tfjs";
import { openBatches } from "../../lib/train/ahead/batches.ts";
import { runTraining } from "../../lib/train/run/run-training.ts";
import { startEngine } from "../use-engine.ts";
import { ingredientsWith, openIngredients } from "./ingredients.ts";
import { hashOfParams, tinyOptions, tinyTraining } from "./tiny-run.ts";

const [folder, steps, nWorkers] = process.argv.slice(2);
await startEngine();
process.stdout.write("ready\n");
await new Promise((resolve) => process.stdin.once("data", resolve));
process.stdin.pause();

const n = Number(nWorkers);
const batches = openBatches({
  recipe: { ...openIngredients(), lengths: { text: 48, answer: 4 } },
  ahead: n > 0 ? { workers: { n, ingredients: ingredientsWith() } } : undefined,
  microBatchSize: 4,
  nMicroBatches: 2,
  steps: Number(steps),
});
const sha256 = await runTraining(
  tinyTraining(Number(steps), {
    batchAt: async (step, micro) => {
      const { T, heard } = await batches.at(step, micro);
      // Lengths take turns, so that a run goes on with another trace.
      const rows = T > 16 ? 5 : 4;
      return { x: tf.tensor2d(heard[0].subarray(0, rows * 16), [rows, 16]) };
    },
  }),
  tinyOptions(folder, {
    report: (line) => console.log(line),
    onStep: ({ step }) => console.log(`step ${step}`),
  }),
  hashOfParams,
);
await batches.close();
console.log(`done ${sha256}`);
