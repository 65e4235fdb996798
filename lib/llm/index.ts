/** The language model: Llama, its tokenizer, its prompts, its answers. */
export type { Generated, GenerateOptions } from "./answer-rows.ts";
export {
  type ChatOptions,
  type ChatTemplate,
  type ChatText,
  type ChatTokenizer,
  chatPrompt,
  chatTokens,
  jinjaTemplate,
  type Message,
  plainTemplate,
} from "./chat.ts";
export { type ChatModel, openChatModel } from "./chat-model.ts";
export { type LlamaConfig, llama32_1b, toyLlama } from "./config.ts";
export { type Generator, openGenerator } from "./generate.ts";
export { llamaConfig } from "./hf-config.ts";
export { openTokenizer } from "./hf-tokenizer.ts";
export {
  embed,
  initLlama,
  type Llama,
  runBlock,
  runLlama,
  unembed,
} from "./llama.ts";
export type { Part } from "./part.ts";
export { placesOf } from "./places.ts";
export {
  bucketLength,
  type PromptWriter,
  promptTokens,
  promptWriter,
} from "./prompt.ts";
export {
  greedy,
  ltuSampling,
  type NextTokenOptions,
  nextToken,
  type Sampling,
} from "./sample.ts";
export {
  type Tokenizer,
  textStream,
  type WordTokenizer,
  wordTokenizer,
} from "./tokenizer.ts";
export { llamaWeights, openLlama, packLlama } from "./weights.ts";
