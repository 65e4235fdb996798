import type { Schedule } from "../../train/schedule.ts";

/** How large a comparison of designs is: data, so that a run can say it. */
export interface ComparisonScale {
  readonly name: "smoke" | "quick" | "full";
  /** What its numbers can be used for. */
  readonly meaning: string;
  /** Clips of each SoundFont. */
  readonly clips: {
    readonly train: number;
    /** New clips of the trained SoundFonts. */
    readonly trained: number;
    readonly heldOut: number;
  };
  readonly languageModel: TrainingSize;
  readonly connector: TrainingSize;
  /** Of connector and batches; every design runs with each. */
  readonly seeds: readonly number[];
}

/** The paper has other numbers (Table 3): a run here takes seconds. */
export interface TrainingSize {
  readonly batchSize: number;
  readonly schedule: Schedule;
}

const warmupRatio = 0.05;

/** What `npm start` runs: five minutes at most on two cores. */
const full: ComparisonScale = {
  name: "full",
  meaning: "small; all clips are new to the designs",
  clips: { train: 540, trained: 64, heldOut: 192 },
  languageModel: {
    batchSize: 64,
    schedule: { steps: 700, peakLearningRate: 4e-3, warmupRatio },
  },
  connector: {
    batchSize: 32,
    schedule: { steps: 600, peakLearningRate: 1.5e-2, warmupRatio },
  },
  seeds: [1, 2],
};

const quick: ComparisonScale = {
  name: "quick",
  meaning: "a look in a minute or two; the designs are half trained",
  clips: { train: 270, trained: 32, heldOut: 64 },
  languageModel: {
    batchSize: 64,
    schedule: { ...full.languageModel.schedule, steps: 450 },
  },
  connector: {
    batchSize: 32,
    schedule: { ...full.connector.schedule, steps: 200 },
  },
  seeds: [1, 2],
};

const smoke: ComparisonScale = {
  name: "smoke",
  meaning: "only shows that everything runs; its numbers mean nothing",
  clips: { train: 16, trained: 4, heldOut: 8 },
  languageModel: {
    batchSize: 4,
    schedule: { ...full.languageModel.schedule, steps: 3 },
  },
  connector: {
    batchSize: 4,
    schedule: { ...full.connector.schedule, steps: 3 },
  },
  seeds: [1, 2],
};

/** The scales of the first notebook, by name. */
export const scales = { smoke, quick, full } as const;
