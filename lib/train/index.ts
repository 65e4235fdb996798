/** Training: optimizer, loss, a design on examples, its state. */
export { type AdamwConfig, adamwDefaults } from "./adamw.ts";
export { type DesignPlan, openTraining, trainDesign } from "./design.ts";
export {
  begin,
  fit,
  goOn,
  type Progress,
  type StepReport,
  type WorkOptions,
} from "./fit.ts";
export type { ParameterGroup } from "./groups.ts";
export { nextTokenLoss, type Scored, scoredPlaces } from "./loss.ts";
export { learningRateAt, type Schedule } from "./schedule.ts";
export { openTrainState, saveTrainState, type TrainState } from "./state.ts";
