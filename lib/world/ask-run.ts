import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { openCheckpoint } from "../checkpoint/checkpoint.ts";
import { toyEncoder } from "../encoder/toy.ts";
import { askDesign } from "../eval/ask.ts";
import { readClip, samplesOf } from "../features/clip-file.ts";
import { type Features, featuresInMemory } from "../features/features.ts";
import { initLlama } from "../llm/llama.ts";
import { designNamed } from "../pal/design/designs.ts";
import { atDepth } from "../pal/design/layer-plan.ts";
import {
  type AudioLlm,
  type AudioLlmConfig,
  initAudioConnector,
} from "../pal/run/audio-llm.ts";
import { disposeTensors } from "../tensor/params.ts";
import { random } from "../tensor/random.ts";
import { hashOf, type Identity } from "../train/run/identity.ts";
import { identityIn, readWeights } from "../train/run/weights.ts";
import {
  comparisonSetting,
  lengthsOf,
  toyConfig,
  toyWriter,
} from "./toy/setting.ts";
import { stagesOfScale } from "./toy/stages.ts";

/** An answer, and on what it stands. */
export interface RunAnswer {
  readonly text: string;
  /** The run: its design, scale, seed and last stage. */
  readonly run: string;
}

/**
 * Asks the design that `pal train` left in a folder about a recording; it
 * hears the first seconds, as long as the clips it was trained on.
 *
 * @param question - in the toy world's words: "What do you hear?"
 * @throws Error where the folder has no finished run; RangeError for words
 * that the small language model does not know
 */
export async function askRun(
  folder: string,
  { audio, question }: { readonly audio: string; readonly question: string },
): Promise<RunAnswer> {
  const setting = comparisonSetting();
  const writer = toyWriter(setting);
  const asked = inToyWords(question, setting.tokenizer.words);
  const path = join(folder, "weights.safetensors");
  const identity = await identityOf(folder, path);
  const features = await featuresOfFile(audio);
  const variant = atDepth(designNamed(identity.design), setting.llama.nLayers);
  const config = toyConfig(variant, setting, features.encoders);
  const model = await openModel(path, config, identity);
  try {
    const example = { audio, question: asked, answer: "" };
    const [text] = await askDesign(
      [{ ...example, id: audio, task: "ask", set: "ask" }],
      { config, features, model, writer },
      { batchSize: 1, maxNew: setting.answerLength },
    );
    const { design, scale, seed, stage } = identity;
    return { text, run: `${design}, ${scale}, seed ${seed}, ${stage}` };
  } finally {
    disposeTensors(model);
  }
}

/** Small letters, and punctuation as words of its own. */
function inToyWords(question: string, known: readonly string[]): string {
  const spaced = question.toLowerCase().replace(/([?.,!])/g, " $1 ");
  const words = spaced.split(/\s+/).filter(Boolean);
  const unknown = words.find((word) => !known.includes(word));
  if (unknown === undefined && words.length > 0) return words.join(" ");
  throw new RangeError(
    `askRun: expected a question in the toy world's words, ` +
      `got ${unknown === undefined ? "none" : `"${unknown}"`}; ` +
      '"What do you hear?", "Is there a flute?" and "Which family is it?" are',
  );
}

type Scale = keyof typeof stagesOfScale;

/** Of which run a folder's weights are; of the toy world, or refused. */
async function identityOf(
  folder: string,
  path: string,
): Promise<Identity & { readonly scale: Scale }> {
  if (!existsSync(path)) {
    const names = existsSync(folder) ? readdirSync(folder).slice(0, 20) : [];
    throw new Error(
      `askRun: expected weights.safetensors of a finished run in ${folder}, ` +
        `got ${names.join(", ") || "nothing"}; ` +
        `\`npm run pal -- train DESIGN --out ${folder}\` writes it`,
    );
  }
  const checkpoint = await openCheckpoint(path);
  try {
    const found = identityIn(checkpoint);
    const scales = Object.keys(stagesOfScale);
    if (found?.design && found.scale && scales.includes(found.scale)) {
      return found as Identity & { readonly scale: Scale };
    }
    throw new RangeError(
      `askRun: expected a run at scale ${scales.join(" or ")}, whose words ` +
        `and sounds are the toy world's, got ${found?.scale ?? "no run"} ` +
        `(${path}); other runs can not be asked yet`,
    );
  } finally {
    await checkpoint.close();
  }
}

async function openModel(
  path: string,
  config: AudioLlmConfig,
  identity: Identity & { readonly scale: Scale },
): Promise<AudioLlm> {
  const stage = stagesOfScale[identity.scale].find(
    ({ name }) => name === identity.stage,
  );
  const like = {
    connector: initAudioConnector(config, random("like", 0)),
    llama: initLlama(config.llama, random("like", 0)),
  };
  try {
    // What it was trained as is what it is run as, to the last setting.
    const settings = { config, lengths: lengthsOf(comparisonSetting()), stage };
    const wanted = { ...identity, config: hashOf(settings) };
    return await readWeights<AudioLlm>(path, like, wanted);
  } finally {
    disposeTensors(like);
  }
}

/** A recording as the toy encoder hears it; a short one ends in silence. */
async function featuresOfFile(path: string): Promise<Features> {
  const encoder = toyEncoder();
  const { grid, name, sampleRate, seconds, width } = encoder;
  const cropping = { from: 0, seconds };
  const heard = await samplesOf(await readClip(path), sampleRate, { cropping });
  const samples = new Float32Array(Math.round(seconds * sampleRate));
  samples.set(heard.subarray(0, samples.length));
  if (samples.every((sample) => sample === 0)) {
    throw new RangeError(
      `askRun: expected a sound in the first ${seconds} s, got silence ` +
        `(${basename(path)})`,
    );
  }
  const features = encoder.encode(samples);
  return featuresInMemory([
    { encoder: { name, grid, width }, audio: [path], features },
  ]);
}
