// The paper's order: sound, encoder, language model, connector, designs,
// training, evaluation; then what shows it.

export { clapMel, clapMelOptions } from "./audio/clap-mel.ts";
export { crop, sharedCrop } from "./audio/crop.ts";
export { type DecodedAudio, decodeAudio } from "./audio/decode/decode.ts";
export { readAudio } from "./audio/decode/read.ts";
export { fbank, sslamFbank } from "./audio/fbank.ts";
export { hear, sslamFrames } from "./audio/front-end.ts";
export {
  bandCenters,
  logMel,
  type Mel,
  type MelOptions,
  toyMel,
} from "./audio/mel.ts";
export { encodeMp3, type Mp3 } from "./audio/mp3.ts";
export { failureReport, hearFiles } from "./audio/pool/hear-files.ts";
export { resample } from "./audio/resample.ts";
export { readSoundfont, type Soundfont } from "./audio/soundfont.ts";
export { encodeWav } from "./audio/wav.ts";
export { openCheckpoint } from "./checkpoint/checkpoint.ts";
export { toDanfo } from "./display/danfo.ts";
export { listen } from "./display/listen.ts";
export { type Progress, progress } from "./display/progress.ts";
export { show } from "./display/show.ts";
export { table } from "./display/table.ts";
export { cellAt, regionCover, sharedPart } from "./encoder/cover.ts";
export type { Encoder, EncoderSizes, Grid } from "./encoder/encoder.ts";
export {
  declaredEncoders,
  encoderNamed,
  publishedEncoders,
} from "./encoder/list.ts";
export { type Picture, pictureOf } from "./encoder/picture.ts";
export { openEncoder, type PretrainedEncoder } from "./encoder/pretrained.ts";
export { randomEncoder } from "./encoder/random-encoder.ts";
export {
  cutRegions,
  regionCells,
} from "./encoder/regions.ts";
export { cellCover, type SoundGrid, type Span } from "./encoder/sound-grid.ts";
export { toyEncoder, toyOptions } from "./encoder/toy.ts";
export { type Compiled, compile } from "./engine/compile.ts";
export {
  currentEngine,
  type Engine,
  type EngineRequest,
  useEngine,
} from "./engine/engine.ts";
export { openFeatureCache } from "./features/cache.ts";
export { estimateDisk, estimateLine } from "./features/estimate.ts";
export { failureLines, featuresOf } from "./features/features-of.ts";
export { identify } from "./features/identity.ts";
export { type ComparisonRow, comparison } from "./figure/comparison.ts";
export { type CurveRow, curves } from "./figure/curves.ts";
export { breakdown, type PartRow } from "./figure/design/breakdown.ts";
export { type DesignRow, designDiagram } from "./figure/design/diagram.ts";
export { type LayerTokenRow, layerMap } from "./figure/design/layer-map.ts";
export type { Figure } from "./figure/figure.ts";
export { type NeighborRow, neighbors } from "./figure/neighbors.ts";
export { renderFigure } from "./figure/render/render.ts";
export { spectrograms } from "./figure/sound/spectrograms.ts";
export { type TokenPanel, tokenGrid } from "./figure/sound/token-grid.ts";
export { spectrogram } from "./figure/spectrogram.ts";
export { fetchFromHub, weightsFolder } from "./hub/fetch.ts";
export type { Generated, GenerateOptions } from "./llm/answer-rows.ts";
export {
  type ChatOptions,
  type ChatTemplate,
  type ChatText,
  type ChatTokenizer,
  chatPrompt,
  jinjaTemplate,
  type Message,
  plainTemplate,
} from "./llm/chat.ts";
export { type LlamaConfig, llama32_1b, toyLlama } from "./llm/config.ts";
export { type Generator, openGenerator } from "./llm/generate.ts";
export { llamaConfig } from "./llm/hf-config.ts";
export { openTokenizer } from "./llm/hf-tokenizer.ts";
export {
  embed,
  initLlama,
  type Llama,
  runBlock,
  runLlama,
  unembed,
} from "./llm/llama.ts";
export { placesOf } from "./llm/places.ts";
export { bucketLength, promptTokens } from "./llm/prompt.ts";
export {
  greedy,
  ltuSampling,
  type NextTokenOptions,
  nextToken,
  type Sampling,
} from "./llm/sample.ts";
export {
  type Tokenizer,
  textStream,
  type WordTokenizer,
  wordTokenizer,
} from "./llm/tokenizer.ts";
export { llamaWeights, openLlama } from "./llm/weights.ts";
export {
  cosine,
  type LabelSharing,
  labelSharing,
  meanRow,
  type Neighbor,
  neighborsOf,
} from "./metric/neighbors.ts";
export {
  type ConnectorConfig,
  paperConnector,
  plainConnector,
} from "./pal/connector/config.ts";
export {
  type Connector,
  connect,
  initConnector,
} from "./pal/connector/connector.ts";
export { countConnector, matchedWidth } from "./pal/connector/size.ts";
export {
  type Cost,
  type CostSequence,
  costOf,
  type LayerCost,
  layerCosts,
} from "./pal/cost/cost.ts";
export {
  type Descent,
  designNamed,
  earlyWindow,
  ffnSkipped,
  furtherDesigns,
  paperDesigns,
  rawAudio,
  sharedProjection,
  shieldedText,
  summaryHybrid,
  wideConnector,
} from "./pal/design/designs.ts";
export {
  atDepth,
  fusedLayers,
  type LayerPlan,
  layerPlans,
} from "./pal/design/layer-plan.ts";
export {
  attentionOnly,
  baseline,
  delayedFusion,
  multiEncoder,
  sharedConnector,
  type Variant,
} from "./pal/design/variant.ts";
export {
  type AudioLlm,
  type AudioLlmConfig,
  type AudioLlmInput,
  hearText,
  initAudioConnector,
  readText,
  runAudioLlm,
} from "./pal/run/audio-llm.ts";
export { openAudioGenerator } from "./pal/run/generate.ts";
export {
  nameTokens,
  planSequence,
  type TokenGroup,
  type TokenRef,
} from "./pal/run/tokens.ts";
export { type HookPoint, hookPoints } from "./pal/see/hooks.ts";
export {
  planRecording,
  type Recording,
  type RecordOptions,
  record,
} from "./pal/see/recording.ts";
export { type Lab, startLab } from "./session/session.ts";
export { overSeeds, type SpreadRow } from "./stats/spread.ts";
export {
  compareDesigns,
  compareOnTasks,
  type Verdict,
} from "./stats/verdict.ts";
export {
  countParameters,
  disposeTensors,
  fromPlain,
  type Tensors,
  toPlain,
} from "./tensor/params.ts";
export { random } from "./tensor/random.ts";
export {
  noTap,
  patch,
  recorder,
  replace,
  type Tap,
  taps,
} from "./tensor/tap.ts";
export { fit, type StepReport, type WorkOptions } from "./train/fit.ts";
export { nextTokenLoss, type Scored, scoredPlaces } from "./train/loss.ts";
export { learningRateAt, type Schedule } from "./train/schedule.ts";
export {
  checkSplit,
  openSoundfonts,
  readSoundfontManifest,
  type SoundfontManifest,
} from "./world/soundfonts.ts";
export {
  type AccuracyRow,
  accuracyRows,
  constantAnswerScores,
  isCorrect,
} from "./world/toy/answers.ts";
export { renderToFiles } from "./world/toy/clip-files.ts";
export {
  type Clip,
  type ClipPlan,
  clipOptions,
  planClips,
  renderClip,
  type SoundEvent,
} from "./world/toy/clips.ts";
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
} from "./world/toy/comparison.ts";
export { documentAt } from "./world/toy/corpus.ts";
export {
  askForEvaluation,
  type Question,
  type QuestionKind,
  systemPrompt,
} from "./world/toy/questions.ts";
export { type ComparisonScale, scales } from "./world/toy/scales.ts";
export { comparisonSetting } from "./world/toy/setting.ts";
export { type Sound, soundOf, sounds } from "./world/toy/sounds.ts";
