import { featuresInMemory } from "../../lib/features/features.ts";
import { initLlama } from "../../lib/llm/llama.ts";
import type { PromptWriter } from "../../lib/llm/prompt.ts";
import {
  type AudioLlm,
  initAudioConnector,
} from "../../lib/pal/run/audio-llm.ts";
import { random } from "../../lib/tensor/random.ts";
import { type DesignPlan, openTraining } from "../../lib/train/design.ts";
import { noise, noisyWeights } from "../engine/weights.ts";
import type { Task } from "./tasks.ts";

/**
 * A design's own training, as `trainDesign` has it, on noise: weights and
 * batches that Python makes as well (bench/python/train.py).
 *
 * Frozen text layers are run in every step, as `pal train` does.
 */
export function noisyTraining(task: Task): ReturnType<typeof openTraining> {
  return openTraining(planOf(task), modelOf(task));
}

function modelOf({ config }: Task): AudioLlm {
  // The numbers are replaced: none need be drawn.
  const zeros = { ...random("bench"), normal: () => 0 };
  return {
    llama: noisyWeights(initLlama(config.llama, zeros)),
    connector: noisyWeights(initAudioConnector(config, zeros)),
  };
}

function planOf(task: Task): DesignPlan {
  const { B, T, adamw, answer, config, mode, schedule, stage } = task;
  // Two batches, in turns.
  const names = Array.from({ length: 2 * B }, (_, row) => `${row}`);
  const examples = names.map((name) => ({
    ...{ id: name, audio: name, question: name, answer: name },
    ...{ task: "bench", set: "bench" },
  }));
  return {
    config,
    source: {
      take: async (from, count) =>
        Array.from(
          { length: count },
          (_, i) => examples[(from + i) % examples.length],
        ),
    },
    features: featuresInMemory(
      config.encoders.map((encoder, e) => {
        const { grid, width } = encoder;
        const size = names.length * grid.steps * grid.bands * width;
        return { encoder, audio: names, features: noise(size, 1000 + e, 1) };
      }),
    ),
    writer: writerOf(task),
    lengths: { text: T, answer },
    trains: stage === 1 ? "connector" : "connector+llm",
    batchSize: B,
    schedule,
    adamw,
    xla: mode === "graph + XLA",
    keepsReads: false,
  };
}

/** Writes the row of a number. */
function writerOf({ T, answer, config }: Task): PromptWriter {
  const { audioAt } = config;
  return {
    audioAt,
    tokenizer: {
      vocabularySize: config.llama.vocabularySize,
      pad: 0,
      end: 1,
      ends: [1],
      encode: () => [],
      decode: () => "",
    },
    write: ({ question }) => ({
      tokens: Array.from({ length: T }, (_, t) => {
        const i = Number(question) * T + t;
        return (i * i * 31 + i * 7) % 499;
      }),
      audioAt,
      answerAt: T - answer,
    }),
  };
}
