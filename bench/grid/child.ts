/** Trains blocks of steps when it is asked to: `child.ts <folder>`. */

import { orderedSource } from "../../lib/data/ordered.ts";
import { useEngine } from "../../lib/engine/engine.ts";
import { atDepth } from "../../lib/pal/design/layer-plan.ts";
import { initAudioConnector } from "../../lib/pal/run/audio-llm.ts";
import { random } from "../../lib/tensor/random.ts";
import { openTraining } from "../../lib/train/design.ts";
import { batchingOf, scheduleOf } from "../../lib/train/stage.ts";
import { openStepper } from "../../lib/train/stepper.ts";
import { begin } from "../../lib/train/training.ts";
import { toyConfig, toyWriter } from "../../lib/world/toy/setting.ts";
import { toyRows } from "../../lib/world/toy/source.ts";
import { questionsPerClip, stagesOfScale } from "../../lib/world/toy/stages.ts";
import { openTrainingWorld } from "../../lib/world/training-world.ts";
import { allSoundfonts } from "../../test/soundfonts.ts";
import { type Block, designs, type Measured, type Ready } from "./tasks.ts";

const { description } = await useEngine("tensorflow");
// Few clips, and the lab's stages: what a step costs does not depend on them.
const world = await openTrainingWorld("smoke", {
  folder: process.argv[2],
  soundfonts: allSoundfonts(),
  report: () => {},
});

const llama = await world.languageModel();

function stepperOf({ design, stage }: Block) {
  const {
    clips: { plans },
    features,
    setting,
  } = world;
  const asked = stagesOfScale.lab.find(({ number }) => number === stage)!;
  const variant = designs.find(({ name }) => name === design)!;
  const config = toyConfig(
    atDepth(variant, setting.llama.nLayers),
    setting,
    features.encoders,
  );
  const connector = initAudioConnector(config, random("connector", 1));
  const rows = toyRows(plans, {
    perClip: questionsPerClip[asked.data],
    data: asked.data,
    seed: 1,
  });
  const { training } = openTraining(
    {
      ...{ config, features, trains: asked.trains, loss: asked.loss },
      ...batchingOf(asked),
      source: orderedSource(rows, { seed: 1 }),
      writer: toyWriter(setting),
      lengths: { text: setting.textLength, answer: setting.answerLength },
      schedule: scheduleOf(asked),
      adamw: asked.adamw,
      keepsReads: false,
    },
    { connector, llama },
  );
  return openStepper(training, begin(training));
}

const opened = new Map<string, ReturnType<typeof stepperOf>>();

async function run(block: Block): Promise<Measured> {
  const name = `${block.design}/${block.stage}`;
  const stepper = opened.get(name) ?? stepperOf(block);
  opened.set(name, stepper);
  const begun = performance.now();
  const used = process.cpuUsage();
  const losses: number[] = [];
  const times: number[] = [];
  for (let i = 0; i < block.steps; i++) {
    const { loss, seconds } = await stepper.next();
    losses.push(loss);
    times.push(1000 * seconds);
  }
  const { system, user } = process.cpuUsage(used);
  const wall = performance.now() - begun;
  const fastest = Math.min(...times);
  return { wall, fastest, processor: (system + user) / 1000, losses };
}

process.on("message", async (block: Block) => process.send!(await run(block)));
const { system, user } = process.cpuUsage();
const ready: Ready = {
  description,
  processor: (system + user) / 1000,
  rssMiB: process.memoryUsage.rss() / 2 ** 20,
};
process.send!(ready);
