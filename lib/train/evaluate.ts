import * as tf from "@tensorflow/tfjs";
import { jot } from "../data/corpus.ts";
import { askForEvaluation, systemPrompt } from "../data/questions.ts";
import { cutRegions } from "../encoder/regions.ts";
import { compile } from "../engine/compile.ts";
import { answerGreedily } from "../llm/generate.ts";
import { type Llama, runLlama } from "../llm/llama.ts";
import { padRows, promptTokens } from "../llm/prompt.ts";
import { runAudioLlm } from "../pal/audio-llm.ts";
import type { Connector } from "../pal/connector.ts";
import type { Variant } from "../pal/variant.ts";
import { random } from "../tensor/random.ts";
import { designConfig, featuresTensor, type Setting } from "./design.ts";
import type { EncodedClips } from "./encode-clips.ts";
import { pause, type StageOptions } from "./fit.ts";

/** Questions about a set of clips, put to one design. */
export interface Exam {
  readonly clips: EncodedClips;
  /** What the set is called in tables. */
  readonly set: string;
  readonly setting: Setting;
  /** Of the questions. */
  readonly seed: number;
  readonly batchSize: number;
}

/** One answer, beside the one that was wanted: a row for `accuracyRows`. */
export interface Answer {
  readonly design: string;
  readonly seed: number;
  readonly set: string;
  readonly clip: string;
  /** Sounds in the clip. */
  readonly sounds: number;
  readonly kind: string;
  readonly question: string;
  readonly expected: string;
  readonly given: string;
}

interface Item extends Omit<Answer, "design" | "seed" | "given"> {
  readonly clipIndex: number;
  readonly labels: readonly string[];
}

/** Longest answer: two names, "and", a full stop, the end. */
const longestAnswer = 5;

function itemsOf({ clips, seed, set }: Exam): Item[] {
  return clips.plans.flatMap((plan, i) => {
    const labels = plan.events.map((event) => event.label);
    return askForEvaluation(labels, { i, seed }).map(
      ({ answer, kind, question }) => ({
        set,
        clip: plan.name,
        clipIndex: i,
        labels,
        sounds: labels.length,
        kind,
        question,
        expected: answer,
      }),
    );
  });
}

/** Greedy answers of a design with a trained connector. */
export async function askDesign(
  exam: Exam,
  model: {
    readonly variant: Variant;
    readonly connector: Connector;
    readonly llama: Llama;
    readonly seed: number;
  },
  options: StageOptions = {},
): Promise<Answer[]> {
  const { clips, setting } = exam;
  const config = designConfig(model.variant, setting, clips);
  const best = compile(
    (input: {
      readonly llama: Llama;
      readonly connector: Connector;
      readonly tokens_BT: tf.Tensor2D;
      readonly features_BPE: tf.Tensor3D;
    }) => {
      const { features_BPE, tokens_BT } = input;
      const features = [cutRegions(features_BPE, clips.grid, setting.query)];
      const text = { text_BT: tokens_BT, features };
      return { best_BT: runAudioLlm(input, text, { config }).argMax(-1) };
    },
    { name: `ask ${model.variant.name}` },
  );
  const answers = (items: readonly Item[]) => {
    const features_BPE = featuresTensor(
      clips,
      items.map((item) => item.clipIndex),
    );
    const { connector, llama } = model;
    const given = greedy(exam, items, {
      length: setting.textLength,
      describe: () => "",
      best: (tokens_BT) =>
        best({ llama, connector, tokens_BT, features_BPE }).best_BT,
    });
    features_BPE.dispose();
    return given;
  };
  try {
    const name = { design: model.variant.name, seed: model.seed };
    return await askAll(exam, answers, { ...options, ...name });
  } finally {
    best.dispose();
  }
}

/** What a control reads in place of the audio. */
export type Control = "no audio" | "written notes";

/**
 * Greedy answers of the language model alone: what the questions give away,
 * or, with written notes in place of the audio, what it could know at best.
 */
export async function askControl(
  exam: Exam,
  { control, llama }: { readonly control: Control; readonly llama: Llama },
  options: StageOptions = {},
): Promise<Answer[]> {
  const { setting } = exam;
  const nNotes =
    control === "no audio" ? 0 : setting.query.steps * setting.query.bands;
  const best = compile(
    (input: { readonly llama: Llama; readonly tokens_BT: tf.Tensor2D }) => ({
      best_BT: runLlama(input.llama, input.tokens_BT, {
        config: setting.llama,
      }).argMax(-1),
    }),
    { name: `ask with ${control}` },
  );
  const describe = ({ clipIndex, labels }: Item) =>
    nNotes === 0
      ? ""
      : jot(labels, nNotes, random("notes", exam.seed, clipIndex)).join(" ");
  const answers = (items: readonly Item[]) =>
    greedy(exam, items, {
      length: setting.textLength + nNotes,
      describe,
      best: (tokens_BT) => best({ llama, tokens_BT }).best_BT,
    });
  try {
    return await askAll(exam, answers, {
      ...options,
      design: control,
      seed: 0,
    });
  } finally {
    best.dispose();
  }
}

/** Asks in batches of one size; the last is filled with its first item. */
async function askAll(
  exam: Exam,
  answers: (items: readonly Item[]) => string[],
  options: StageOptions & { readonly design: string; readonly seed: number },
): Promise<Answer[]> {
  const { design, onStep, seed, signal } = options;
  const items = itemsOf(exam);
  const found: Answer[] = [];
  for (let from = 0; from < items.length; from += exam.batchSize) {
    signal?.throwIfAborted();
    const batch = items.slice(from, from + exam.batchSize);
    const filled = Array.from(
      { length: exam.batchSize },
      (_, i) => batch[i] ?? batch[0],
    );
    const given = answers(filled);
    batch.forEach((item, i) => {
      const { clipIndex: _index, labels: _labels, ...rest } = item;
      found.push({ design, seed, ...rest, given: given[i] });
    });
    onStep?.({ step: found.length, steps: items.length });
    await pause();
  }
  return found;
}

function greedy(
  { setting }: Exam,
  items: readonly Item[],
  reader: {
    readonly length: number;
    readonly describe: (item: Item) => string;
    readonly best: (tokens_BT: tf.Tensor2D) => tf.Tensor;
  },
): string[] {
  const { tokenizer } = setting;
  const { length } = reader;
  const prompts = items.map((item) => {
    const described = reader.describe(item);
    const { question } = item;
    const text = { system: systemPrompt, described, question };
    return promptTokens(tokenizer, text).tokens;
  });
  const best = (rows: readonly (readonly number[])[]) =>
    tf.tidy(() => {
      const tokens = padRows(rows, { length, pad: tokenizer.pad });
      const shape: [number, number] = [rows.length, length];
      return reader.best(tf.tensor2d(tokens, shape, "int32")).dataSync();
    });
  return answerGreedily(prompts, best, {
    end: tokenizer.end,
    length,
    nNew: longestAnswer,
  }).map((tokens) => tokenizer.decode(tokens));
}
