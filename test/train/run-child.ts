/**
 * A tiny run, to be killed: `node --import tsx run-child.ts FOLDER STEPS`.
 *
 * Says "ready" before it opens the folder, and ends with the weights' sha256.
 */
import { runTraining } from "../../lib/train/run/run-training.ts";
import { startEngine } from "../use-engine.ts";
import { hashOfParams, tinyOptions, tinyTraining } from "./tiny-run.ts";

const [folder, steps] = process.argv.slice(2);
await startEngine();
process.stdout.write("ready\n");
await new Promise((resolve) => process.stdin.once("data", resolve));
process.stdin.pause();

const sha256 = await runTraining(
  tinyTraining(Number(steps)),
  tinyOptions(folder, {
    report: (line) => console.log(line),
    onStep: ({ step }) => console.log(`step ${step}`),
  }),
  hashOfParams,
);
console.log(`done ${sha256}`);
