/** Worlds to train in: the toy world of the first notebook. */
export { type GridTrainerOptions, trainGrid } from "./grid.ts";
export {
  checkSplit,
  openSoundfonts,
  readSoundfontManifest,
  type SoundfontManifest,
} from "./soundfonts.ts";
export {
  type AccuracyRow,
  accuracyRows,
  constantAnswerScores,
  isCorrect,
} from "./toy/answers.ts";
export { renderToFiles } from "./toy/clip-files.ts";
export {
  type Clip,
  type ClipPlan,
  clipOptions,
  planClips,
  renderClip,
  type SoundEvent,
} from "./toy/clips.ts";
export {
  type ComparisonClips,
  type DesignRun,
  encodeComparisonClips,
  heldOutSet,
  learnLanguage,
  runControl,
  runDesign,
  soundfontSplit,
  trainedSet,
  type World,
} from "./toy/comparison.ts";
export { documentAt } from "./toy/corpus.ts";
export {
  comparisonScaleOf,
  type ToyCurriculumOptions,
  type TrainScale,
  toyCurriculum,
  trainingClips,
} from "./toy/curriculum.ts";
export type { EncodedClips } from "./toy/encode-clips.ts";
export {
  askForEvaluation,
  type Question,
  type QuestionKind,
  systemPrompt,
} from "./toy/questions.ts";
export { type ComparisonScale, scales } from "./toy/scales.ts";
export { comparisonSetting, toyConfig, toyWriter } from "./toy/setting.ts";
export { type Sound, soundOf, sounds } from "./toy/sounds.ts";
export { toyQuestions, toySource } from "./toy/source.ts";
export { stagesOfScale } from "./toy/stages.ts";
export { type PartReport, type TrainScaleOptions, train } from "./train.ts";
