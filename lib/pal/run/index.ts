/** A design that runs: forward pass, answers. */
export {
  type AudioLlm,
  type AudioLlmConfig,
  type AudioLlmInput,
  hearText,
  initAudioConnector,
  readText,
  runAudioLlm,
} from "./audio-llm.ts";
export { openAudioGenerator } from "./generate.ts";
export {
  nameTokens,
  planSequence,
  type TokenGroup,
  type TokenRef,
} from "./tokens.ts";
