import type { LlamaConfig } from "../../../llm/config.ts";
import {
  initLlama,
  type Llama,
  readLlama,
  unembedAt,
} from "../../../llm/llama.ts";
import type { Tokenizer } from "../../../llm/tokenizer.ts";
import { random } from "../../../tensor/random.ts";
import { nextTokenLoss } from "../../../train/loss.ts";
import type { Training } from "../../../train/training.ts";
import type { Lexicon } from "../words/corpus.ts";
import type { PretrainingSize } from "./config.ts";
import { type TextBatch, textBatches } from "./text-batch.ts";

export interface LanguagePlan extends PretrainingSize {
  readonly config: LlamaConfig;
  readonly tokenizer: Tokenizer;
  /** Of weights and texts. */
  readonly seed: number;
  readonly lexicon?: Lexicon;
}

/** The training of a lab language model from nothing; the start is the caller's. */
export function languageTraining(
  plan: LanguagePlan,
): Training<Llama, never[], TextBatch> {
  const { batchSize, config, lexicon, schedule, seed, tokenizer } = plan;
  const batches = textBatches(tokenizer, { batchSize, lexicon, seed });
  return {
    name: `lab language model ${seed}`,
    params: initLlama(config, random("lab language model", seed)),
    frozen: [],
    loss: (llama, _, { scored, tokens_BT }) => {
      const x_BTD = readLlama(llama, tokens_BT, { config });
      const at = { at_X: scored.at_X, config };
      return nextTokenLoss(unembedAt(llama, x_BTD, at), scored);
    },
    batchAt: batches,
    tokensOf: ({ tokens_BT }) => tokens_BT.size,
    schedule,
  };
}
