/** The lab world: sounds, words and small models, all made here. */
export {
  families,
  heardClasses,
  soundClasses,
  unheardClasses,
} from "./classes.ts";
export { labNetworks } from "./encoders/declared.ts";
export { type Pictures, picturesOf } from "./encoders/pictures.ts";
export {
  type HeardClips,
  type ProbeRow,
  probeReport,
} from "./encoders/probe-report.ts";
export { answersRight, type TextQuestion } from "./llm/answers.ts";
export { labLlama } from "./llm/config.ts";
export { type PretrainOptions, pretrain } from "./pretrain.ts";
export { recipes } from "./recipes.ts";
export { type Clips, openClips } from "./sound/open-clips.ts";
export { type RenderSetOptions, renderSet } from "./sound/render-set.ts";
export { type ClipSet, clipSets, sceneOf } from "./sound/sets.ts";
export type { ClipTruth, EventTruth } from "./sound/truth.ts";
export { documentAt, textualQuestion } from "./words/corpus.ts";
export { attributes, factsOf } from "./words/facts.ts";
export { ask, type LabQuestion, questionKinds } from "./words/questions.ts";
export { trainTokenizer, writeTokenizer } from "./words/tokenizer.ts";
