import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "../../../files/atomic.ts";
import {
  type BytePairs,
  tokenizerFiles,
  trainBytePairs,
} from "../../../llm/train-bpe.ts";
import { soundClasses } from "../classes.ts";
import { type Document, documentAt, systemPrompt } from "./corpus.ts";

/** Entries in all; the special ones are the filling and the end. */
export const vocabularySize = 512;
const specialTokens = { pad: "<pad>", end: "<end>" } as const;

/** Documents that byte pairs are counted in. */
const nDocuments = 6000;

/** Words of sounds stay apart: every name is two tokens at least. */
const apart = soundClasses.flatMap(({ name }) => name.split(" "));

/**
 * Learns the lab's byte-level BPE from its corpus, in both lexicons, so that
 * control models share the tokenizer.
 */
export function trainTokenizer(seed = 1): BytePairs {
  const texts = function* () {
    for (let i = 0; i < nDocuments; i++) {
      const lexicon = i % 2 === 0 ? "sounds" : "things";
      yield* textsOf(documentAt(i, { seed, lexicon }));
    }
  };
  const size = vocabularySize - Object.keys(specialTokens).length;
  return trainBytePairs(texts(), { size, apart });
}

function textsOf(document: Document): string[] {
  if (document.kind === "text") return [document.text];
  const { asked, described } = document;
  const { answer, question } = asked;
  return [
    systemPrompt,
    ` ${described} question : ${question} answer :`,
    answer,
  ];
}

/** Writes a tokenizer's files into a folder, made if it is not there. */
export function writeTokenizer(folder: string, pairs: BytePairs): void {
  mkdirSync(folder, { recursive: true });
  const files = tokenizerFiles(pairs, specialTokens);
  for (const [name, content] of Object.entries(files)) {
    writeWhole(join(folder, name), `${JSON.stringify(content, null, 1)}\n`);
  }
}
