import type { Generated, GenerateOptions } from "../../llm/answer-rows.ts";
import { openGenerator } from "../../llm/generate.ts";
import type { Llama } from "../../llm/llama.ts";
import { promptTokens } from "../../llm/prompt.ts";
import type { Connector } from "../../pal/connector/connector.ts";
import type { Variant } from "../../pal/design/variant.ts";
import { openAudioGenerator } from "../../pal/run/generate.ts";
import { disposeTensors } from "../../tensor/params.ts";
import { random } from "../../tensor/random.ts";
import { pause, type StageOptions } from "../../train/fit.ts";
import { jot } from "./corpus.ts";
import { designConfig, featuresTensor, type Setting } from "./design.ts";
import type { EncodedClips } from "./encode-clips.ts";
import { askForEvaluation, systemPrompt } from "./questions.ts";

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
  const { connector, llama, seed, variant } = model;
  const generator = openAudioGenerator(designConfig(variant, setting, clips));
  const answers = async (items: readonly Item[]) => {
    const indices = items.map((item) => item.clipIndex);
    const heard = [featuresTensor(clips, indices)];
    const prompts = items.map((item) => promptOf(item, exam));
    try {
      return await generator.generate(
        { llama, connector },
        { prompts, heard },
        { ...answerOptions(exam), signal: options.signal },
      );
    } finally {
      disposeTensors(heard);
    }
  };
  try {
    return await askAll(exam, answers, {
      ...{ ...options, design: variant.name, seed },
    });
  } finally {
    generator.dispose();
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
  const { bands, steps } = exam.setting.connector.query;
  const nNotes = control === "no audio" ? 0 : steps * bands;
  const generator = openGenerator(exam.setting.llama);
  const notesOn = ({ clipIndex, labels }: Item) =>
    jot(labels, nNotes, random("notes", exam.seed, clipIndex)).join(" ");
  const answers = (items: readonly Item[]) => {
    const prompts = items.map((item) =>
      promptOf(item, exam, nNotes === 0 ? "" : notesOn(item)),
    );
    return generator.generate(
      llama,
      { prompts, heard: [] },
      { ...answerOptions(exam), signal: options.signal },
    );
  };
  try {
    return await askAll(exam, answers, {
      ...{ ...options, design: control, seed: 0 },
    });
  } finally {
    generator.dispose();
  }
}

function promptOf(
  { question }: Item,
  { setting }: Exam,
  described = "",
): readonly number[] {
  const text = { system: systemPrompt, described, question };
  return promptTokens(setting.tokenizer, text).tokens;
}

function answerOptions({ setting }: Exam): GenerateOptions {
  const { ends, pad } = setting.tokenizer;
  return { ends, maxNew: setting.answerLength, pad };
}

/** Asks in batches of one size; the last is filled with its first item. */
async function askAll(
  exam: Exam,
  answers: (items: readonly Item[]) => Promise<Generated[]>,
  options: StageOptions & { readonly design: string; readonly seed: number },
): Promise<Answer[]> {
  const { design, onStep, seed, signal } = options;
  const { decode } = exam.setting.tokenizer;
  const items = itemsOf(exam);
  const found: Answer[] = [];
  for (let from = 0; from < items.length; from += exam.batchSize) {
    signal?.throwIfAborted();
    const batch = items.slice(from, from + exam.batchSize);
    const filled = Array.from(
      { length: exam.batchSize },
      (_, i) => batch[i] ?? batch[0],
    );
    const given = await answers(filled);
    batch.forEach((item, i) => {
      const { clipIndex: _index, labels: _labels, ...rest } = item;
      found.push({ design, seed, ...rest, given: decode(given[i].tokens) });
    });
    onStep?.({ step: found.length, steps: items.length });
    await pause();
  }
  return found;
}
