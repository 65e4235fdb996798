/** Training: optimizer, loss, a design on examples, its state. */
export { type AdamwConfig, adamwDefaults } from "./adamw.ts";
export { type DesignPlan, openTraining, trainDesign } from "./design.ts";
export { fit, goOn } from "./fit.ts";
export type { ParameterGroup } from "./groups.ts";
export { nextTokenLoss, type Scored, scoredPlaces } from "./loss.ts";
export { trainCurriculum } from "./run/curriculum.ts";
export type { Curriculum, CurriculumOptions } from "./run/plan.ts";
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
