import { type AskOptions, askDesign, askText } from "../../eval/ask.ts";
import type { Llama } from "../../llm/llama.ts";
import type { Variant } from "../../pal/design/variant.ts";
import type { AudioLlm } from "../../pal/run/audio-llm.ts";
import { random } from "../../tensor/random.ts";
import type { WorkOptions } from "../../train/training.ts";
import type { Answer } from "./answers.ts";
import { jot } from "./corpus.ts";
import { type EncodedClips, featuresOfClips } from "./encode-clips.ts";
import { type Setting, toyConfig, toyWriter } from "./setting.ts";
import { type ToyExample, toyQuestions } from "./source.ts";

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

/** Greedy answers of a design with a trained connector. */
export async function examineDesign(
  exam: Exam,
  {
    model,
    seed,
    variant,
  }: {
    readonly variant: Variant;
    readonly model: AudioLlm;
    /** Of the run that trained it. */
    readonly seed: number;
  },
  options: WorkOptions = {},
): Promise<Answer[]> {
  const { setting } = exam;
  const examples = toyQuestions(exam.clips.plans, exam);
  const features = featuresOfClips(exam.clips);
  const given = await askDesign(
    examples,
    {
      config: toyConfig(variant, setting, features.encoders),
      model,
      features,
      writer: toyWriter(setting),
    },
    askOptions(exam, options),
  );
  return answersOf(examples, given, { design: variant.name, seed });
}

/** What a control reads in place of the audio. */
export type Control = "no audio" | "written notes";

/**
 * Greedy answers of the language model alone: what the questions give away,
 * or, with written notes in place of the audio, what it could know at best.
 */
export async function examineControl(
  exam: Exam,
  { control, llama }: { readonly control: Control; readonly llama: Llama },
  options: WorkOptions = {},
): Promise<Answer[]> {
  const { setting } = exam;
  const { bands, steps } = setting.connector.query;
  const nNotes = control === "no audio" ? 0 : steps * bands;
  const notesOn = ({ clipIndex, labels }: ToyExample) =>
    jot(labels, nNotes, random("notes", exam.seed, clipIndex)).join(" ");
  const promptOf = (example: ToyExample) => {
    const notes = nNotes === 0 ? "" : notesOn(example);
    const { question } = example;
    return toyWriter(setting, notes).write({ question }).tokens;
  };
  const examples = toyQuestions(exam.clips.plans, exam);
  const given = await askText(
    examples,
    { config: setting.llama, llama, promptOf, writer: toyWriter(setting) },
    askOptions(exam, options),
  );
  return answersOf(examples, given, { design: control, seed: 0 });
}

function askOptions(
  { batchSize, setting }: Exam,
  options: WorkOptions,
): AskOptions {
  return { ...options, batchSize, maxNew: setting.answerLength };
}

/** Rows for `accuracyRows`. */
function answersOf(
  examples: readonly ToyExample[],
  given: readonly string[],
  run: Pick<Answer, "design" | "seed">,
): Answer[] {
  return examples.map(({ answer, audio, kind, labels, question, set }, i) => ({
    ...run,
    set,
    clip: audio,
    sounds: labels.length,
    kind,
    question,
    expected: answer,
    given: given[i],
  }));
}
