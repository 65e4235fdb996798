/** Training: optimizer, loss, a design on examples, its state. */
export { type AdamwConfig, adamwDefaults } from "./adamw.ts";
export { type DesignPlan, openTraining, trainDesign } from "./design.ts";
export { firstBatch, type SeenBatch } from "./first-batch.ts";
export { fit, goOn } from "./fit.ts";
export type { ParameterGroup } from "./groups.ts";
export { guessingLoss } from "./guessing.ts";
export { nextTokenLoss, type Scored, scoredPlaces } from "./loss.ts";
export {
  type ContentRow,
  contentRows,
  type SavedRow,
  type StateRecord,
  savedRows,
  stateRecord,
} from "./rows/contents.ts";
export { type Cut, type CutRow, cutRows } from "./rows/cuts.ts";
export { type MovementRow, movementRows } from "./rows/movement.ts";
export {
  type KeptRow,
  keptRows,
  type RateRow,
  rateRows,
} from "./rows/schedule.ts";
export {
  type ChoiceRow,
  choiceRows,
  type StageRow,
  stageRows,
} from "./rows/stages.ts";
export { trainCurriculum } from "./run/curriculum.ts";
export { stageFolder } from "./run/door.ts";
export { Stopped } from "./run/faults.ts";
export type { Curriculum, CurriculumOptions } from "./run/plan.ts";
export { planOf } from "./run/train-stage.ts";
export { weightsIn } from "./run/weights.ts";
export { learningRateAt, type Schedule } from "./schedule.ts";
export {
  batchingOf,
  closedEndedTuning,
  connectorPretraining,
  ltuLoss,
  openEndedTuning,
  paperStages,
  type Stage,
  scheduleOf,
  trainerAdamw,
} from "./stage.ts";
export { openTrainState, saveTrainState, type TrainState } from "./state.ts";
export {
  begin,
  type Progress,
  type StepReport,
  type Training,
  type TrainReport,
  type WorkOptions,
} from "./training.ts";
