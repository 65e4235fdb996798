import {
  closedEndedTuning,
  connectorPretraining,
  openEndedTuning,
  type Stage,
} from "../../train/stage.ts";

/** A toy clip's questions, by a stage's data. */
export const questionsPerClip = {
  classification: 1,
  "closed-ended": 4,
  /** The toy world has no open-ended questions: more of the same. */
  all: 8,
} as const;

/** How long each stage is and how fast it learns, in the toy world. */
interface ToySizes {
  readonly clips: number;
  readonly perDevice: number;
  readonly accumulation: number;
  /** Of stages 1, 2 and 3. */
  readonly epochs: readonly [number, number, number];
  readonly peaks: readonly [number, number, number];
}

/** Table 3 with the toy world's numbers: no other field changes. */
function toyStages(sizes: ToySizes): Stage[] {
  const { accumulation, clips, epochs, peaks, perDevice } = sizes;
  const paper = [connectorPretraining, closedEndedTuning, openEndedTuning];
  return paper.map((stage, i) => ({
    ...stage,
    rows: clips * questionsPerClip[stage.data],
    epochs: epochs[i],
    peakLearningRate: peaks[i],
    batch: { devices: 1, perDevice, accumulation },
  }));
}

/** The stages of a scale; two SoundFonts' clips are trained on. */
export const stagesOfScale = {
  smoke: toyStages({
    clips: 2 * 16,
    perDevice: 2,
    accumulation: 2,
    epochs: [1, 0.25, 0.125],
    peaks: [1.5e-2, 1e-3, 1e-3],
  }),
  quick: toyStages({
    clips: 2 * 270,
    perDevice: 16,
    accumulation: 2,
    epochs: [12, 1, 0.5],
    peaks: [1.5e-2, 1e-3, 1e-3],
  }),
  lab: toyStages({
    clips: 2 * 540,
    perDevice: 16,
    accumulation: 2,
    epochs: [18, 3, 1],
    peaks: [1.5e-2, 1e-3, 1e-3],
  }),
} as const;
