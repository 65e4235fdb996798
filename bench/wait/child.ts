/** Trains by one way of making batches: `child.ts <question as JSON>`. */
import { readFileSync } from "node:fs";
import { useEngine } from "../../lib/engine/engine.ts";
import type { Features } from "../../lib/features/features.ts";
import { initLlama } from "../../lib/llm/llama.ts";
import { atDepth } from "../../lib/pal/design/layer-plan.ts";
import { delayedFusion } from "../../lib/pal/design/variant.ts";
import { initAudioConnector } from "../../lib/pal/run/audio-llm.ts";
import { disposeTensors, type Tensors } from "../../lib/tensor/params.ts";
import { random } from "../../lib/tensor/random.ts";
import type { Ahead } from "../../lib/train/ahead/batches.ts";
import { openTraining } from "../../lib/train/design.ts";
import { fit } from "../../lib/train/fit.ts";
import { batchingOf, scheduleOf } from "../../lib/train/stage.ts";
import { comparisonSetting, toyConfig } from "../../lib/world/toy/setting.ts";
import { memoryOf } from "../full-size/phases.ts";
import { openWait, stage, toyStageOf, waitWorkplace } from "./ingredients.ts";
import { openFlying } from "./network.ts";
import {
  type Measurement,
  type Question,
  stepsOf,
  type World,
} from "./ways.ts";

const { road, who, world: path }: Question = JSON.parse(process.argv[2]);
const { description } = await useEngine("tensorflow", { report: () => {} });
const world: World = JSON.parse(readFileSync(path, "utf8"));
const toy = toyStageOf(world);
const given = { road, toy, world };
const opened = await openWait(given);

/** The features of a road; the network's half on this thread, if at all. */
async function featuresOf(): Promise<Features> {
  if (road === "cached") return { ...opened.sounds, encoders: [toy.encoder] };
  const { encoders, pictures } = await openFlying();
  if (road !== "on the fly") return { ...opened.sounds, encoders };
  return {
    encoders,
    read: () => Promise.reject(new Error("wait: expected pictures alone")),
    pictures: { ...pictures, ...opened.sounds },
  };
}

const aheadOf = (): Ahead | undefined => {
  if (who === "the step") return undefined;
  if (who === "between steps") return {};
  return { workers: { n: who, ingredients: waitWorkplace(given) } };
};

const features = await featuresOf();
const setting = comparisonSetting();
const variant = atDepth(delayedFusion, setting.llama.nLayers);
const config = toyConfig(variant, setting, features.encoders);
const { batchSize, microBatchSize } = batchingOf(stage);
const { counted, warmUp } = stepsOf(road);
const { making, training, dispose } = openTraining(
  {
    ...{ ...opened, config, features, batchSize, microBatchSize },
    lengths: { text: setting.textLength, answer: setting.answerLength },
    trains: stage.trains,
    loss: stage.loss,
    adamw: stage.adamw,
    schedule: { ...scheduleOf(stage), steps: warmUp + counted },
    keepsReads: false,
    ahead: aheadOf(),
  },
  {
    llama: initLlama(config.llama, random("llama")),
    connector: initAudioConnector(config, random("connector")),
  },
);
let used = process.cpuUsage();
const told: { readonly waitMs: number; readonly seconds: number }[] = [];
const { losses, params } = await fit(training, {
  onStep: (report) => {
    told.push(report);
    if (report.step === warmUp) used = process.cpuUsage();
  },
});
used = process.cpuUsage(used);
await dispose();
disposeTensors(params as Tensors);
const after = told.slice(warmUp);
const answer: Measurement = {
  description,
  making,
  losses: [...losses],
  waits: after.map(({ waitMs }) => waitMs),
  steps: after.map(({ seconds }) => 1000 * seconds),
  processor: (used.user + used.system) / 1000 / counted,
  peakGiB: memoryOf("VmHWM"),
};
console.log(JSON.stringify(answer));
