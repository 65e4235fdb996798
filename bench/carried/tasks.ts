import { baseline } from "../../lib/pal/design/variant.ts";
import { large, type Size, type Task, taskOf } from "../step/tasks.ts";

/** SmolLM-135M's shape, beside the step's bench's own 88 M. */
const smollm: Size = {
  ...large,
  name: "135M",
  llama: {
    ...large.llama,
    name: "bench-135m",
    nLayers: 30,
    width: 576,
    ffnWidth: 1536,
    nHeads: 9,
    nKvHeads: 3,
    vocabularySize: 49_152,
  },
  latent: { width: 576, nHeads: 9 },
};

/** Stage 2 of each size: all parameters train. */
export const tasks: readonly Task[] = [large, smollm].map((size) =>
  taskOf(size, baseline, { stage: 2, mode: "graph", warmUp: 2, steps: 6 }),
);

/** How parameters and moments come to a step and leave it. */
export const forms = ["in and out", "carried"] as const;
export type Form = (typeof forms)[number];

/** What a child process is asked, as JSON. */
export interface Question {
  readonly form: Form;
  readonly task: Task;
  /** Whether steps of another shape of batch follow. */
  readonly hasChanges: boolean;
}

/** What it answers with, as JSON. */
export interface Measurement {
  readonly description: string;
  readonly parameters: number;
  /** Of every step, the recorded one and the warm-up included. */
  readonly losses: readonly number[];
  /** Of each step after warming up. */
  readonly times: readonly Time[];
  /** Most memory while the step was recorded, and in the timed steps. */
  readonly recordingGiB: number;
  readonly stepsGiB: number;
  readonly changes?: Changes;
}

/** Milliseconds of one step, until its loss is read and what it took freed. */
export interface Time {
  readonly wall: number;
  /** Of all threads together, which other work on the machine hardly moves. */
  readonly processor: number;
}

/** What another shape of batch costs. */
export interface Changes {
  /** The second trace: recorded, loaded, and the state moved over. */
  readonly made: Time;
  /** The first step back in the first trace. */
  readonly back: Time;
  /** The fastest step that goes to and fro between the two after that. */
  readonly toAndFro: Time;
}
