// The paper's order: sound, encoder, language model, connector, designs,
// training, evaluation; then what shows it.

export { clapMel, clapMelOptions } from "./audio/clap-mel.ts";
export { crop, sharedCrop } from "./audio/crop.ts";
export { type DecodedAudio, decodeAudio } from "./audio/decode/decode.ts";
export { readAudio } from "./audio/decode/read.ts";
export { fbank, sslamFbank } from "./audio/fbank.ts";
export { frontEnds, hear, sslamFrames } from "./audio/front-end.ts";
export {
  bandCenters,
  logMel,
  type Mel,
  type MelOptions,
  toyMel,
} from "./audio/mel.ts";
export { failureReport, hearFiles } from "./audio/pool/hear-files.ts";
export { resample } from "./audio/resample.ts";
export { readSoundfont, type Soundfont } from "./audio/soundfont.ts";
export { encodeWav } from "./audio/wav.ts";
export { openCheckpoint } from "./checkpoint/checkpoint.ts";
export {
  type Clip,
  type ClipPlan,
  clipOptions,
  planClips,
  renderClip,
  type SoundEvent,
} from "./data/clips.ts";
export { documentAt } from "./data/corpus.ts";
export {
  askForEvaluation,
  type Question,
  type QuestionKind,
  systemPrompt,
} from "./data/questions.ts";
export {
  checkSplit,
  openSoundfonts,
  readSoundfontManifest,
  type SoundfontManifest,
} from "./data/soundfonts.ts";
export { type Sound, soundOf, sounds } from "./data/sounds.ts";
export { toDanfo } from "./display/danfo.ts";
export { listen } from "./display/listen.ts";
export { type Progress, progress } from "./display/progress.ts";
export { show } from "./display/show.ts";
export { table } from "./display/table.ts";
export type { Encoder, Grid } from "./encoder/encoder.ts";
export { openEncoder, type PretrainedEncoder } from "./encoder/pretrained.ts";
export { cutRegions, regionCells } from "./encoder/regions.ts";
export { cellCover, type SoundGrid } from "./encoder/sound-grid.ts";
export { toyEncoder, toyOptions } from "./encoder/toy.ts";
export { type Compiled, compile } from "./engine/compile.ts";
export {
  currentEngine,
  type Engine,
  type EngineRequest,
  useEngine,
} from "./engine/engine.ts";
export {
  type AccuracyRow,
  accuracyRows,
  constantAnswerScores,
  isCorrect,
  overSeeds,
  type SpreadRow,
} from "./eval/answers.ts";
export {
  compareDesigns,
  compareOnTasks,
  type Verdict,
} from "./eval/verdict.ts";
export { openFeatureCache } from "./features/cache.ts";
export { estimateDisk, estimateLine } from "./features/estimate.ts";
export { failureLines, featuresOf } from "./features/features-of.ts";
export { identify } from "./features/identity.ts";
export { type ComparisonRow, comparison } from "./figure/comparison.ts";
export { type CurveRow, curves } from "./figure/curves.ts";
export type { Figure } from "./figure/figure.ts";
export { renderFigure } from "./figure/render/render.ts";
export { spectrogram } from "./figure/spectrogram.ts";
export { fetchFromHub, weightsFolder } from "./hub/fetch.ts";
export { publishedWeights, weightsNamed } from "./hub/weights.ts";
export { type Lab, startLab } from "./lab/lab.ts";
export { type LlamaConfig, llama32_1b, toyLlama } from "./llm/config.ts";
export { initLlama, type Llama, runLlama } from "./llm/llama.ts";
export { type Tokenizer, wordTokenizer } from "./llm/tokenizer.ts";
export { llamaWeights } from "./llm/weights.ts";
export {
  type AudioLlm,
  type AudioLlmConfig,
  initAudioConnector,
  runAudioLlm,
} from "./pal/audio-llm.ts";
export {
  type Connector,
  type ConnectorConfig,
  connect,
} from "./pal/connector.ts";
export { planSequence } from "./pal/fusion.ts";
export {
  atDepth,
  attentionOnly,
  baseline,
  delayedFusion,
  fusedLayers,
  multiEncoder,
  sharedConnector,
  type Variant,
} from "./pal/variant.ts";
export {
  countParameters,
  disposeTensors,
  fromPlain,
  type Tensors,
  toPlain,
} from "./tensor/params.ts";
export { random } from "./tensor/random.ts";
export { noTap, patch, recorder, type Tap } from "./tensor/tap.ts";
export {
  type ComparisonClips,
  comparisonSetting,
  type DesignRun,
  encodeComparisonClips,
  heldOutSet,
  learnLanguage,
  runControl,
  runDesign,
  soundfontSplit,
  trainedSet,
  type World,
} from "./train/comparison.ts";
export { fit, type StageOptions, type StepReport } from "./train/fit.ts";
export { answerLoss } from "./train/loss.ts";
export { type ComparisonScale, scales } from "./train/scales.ts";
export { learningRateAt, type Schedule } from "./train/schedule.ts";
