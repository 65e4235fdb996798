import type { EncoderSizes } from "../../lib/encoder/encoder.ts";
import { encoderNamed } from "../../lib/encoder/list.ts";
import { toyEncoder } from "../../lib/encoder/toy.ts";
import type { LlamaConfig } from "../../lib/llm/config.ts";
import {
  type ConnectorConfig,
  paperConnector,
  plainConnector,
} from "../../lib/pal/connector/config.ts";
import { type Cost, costOf } from "../../lib/pal/cost/cost.ts";
import {
  atDepth,
  type LayerPlan,
  layerPlans,
} from "../../lib/pal/design/layer-plan.ts";
import {
  attentionOnly,
  baseline,
  multiEncoder,
  sharedConnector,
  type Variant,
} from "../../lib/pal/design/variant.ts";
import type { AudioLlmConfig } from "../../lib/pal/run/audio-llm.ts";
import type { AdamwConfig } from "../../lib/train/adamw.ts";
import type { Schedule } from "../../lib/train/schedule.ts";
import { paperStages } from "../../lib/train/stage.ts";

/** A language model with a connector, what it hears, and a batch. */
export interface Size {
  readonly name: string;
  readonly llama: LlamaConfig;
  readonly connector: ConnectorConfig;
  /** The encoder of a name that a design gives. */
  readonly encoderOf: (name: string) => EncoderSizes;
  readonly B: number;
  /** Text tokens of a clip; audio tokens come on top. */
  readonly T: number;
  /** The last of them, whose scores are computed. */
  readonly answer: number;
}

const common = {
  contextLength: 1024,
  rope: { theta: 10_000 },
  normEpsilon: 1e-5,
};

const toy = toyEncoder();

/** The lab's small model, 1.7 M parameters, over the toy world's sounds. */
export const lab: Size = {
  name: "lab",
  llama: {
    ...common,
    name: "lab-xs",
    nLayers: 8,
    width: 128,
    ffnWidth: 352,
    nHeads: 4,
    nKvHeads: 2,
    headWidth: 32,
    vocabularySize: 512,
  },
  connector: plainConnector({
    query: { steps: 12, bands: 1 },
    width: 64,
    nHeads: 4,
  }),
  // As with the published ones: CLAP has a cell for each region.
  encoderOf: (name) => ({
    name,
    width: toy.width,
    grid: name === "sslam" ? toy.grid : { steps: 12, bands: 1 },
  }),
  B: 32,
  T: 24,
  answer: 5,
};

/** SmolLM2-135M's shape over the published encoders' grids. */
export const smollm: Size = {
  name: "135M",
  llama: {
    ...common,
    name: "bench-135m",
    nLayers: 30,
    width: 576,
    ffnWidth: 1536,
    nHeads: 9,
    nKvHeads: 3,
    headWidth: 64,
    vocabularySize: 49_152,
  },
  // Half as wide as the model, as the default is beside Llama 3.2 1B.
  connector: { ...paperConnector, width: 288, nHeads: 9 },
  encoderOf: (name) => {
    const { grid, width } = encoderNamed(name);
    const { bands, steps } = grid;
    return { name, grid: { steps, bands }, width };
  },
  B: 4,
  T: 64,
  answer: 16,
};

/** The designs whose steps are compared. */
export const designs: readonly Variant[] = [
  baseline,
  attentionOnly,
  sharedConnector,
  multiEncoder,
];

/**
 * What trains: 1 is the connector alone, 2 all but the encoders. Stage 3 of
 * the paper trains what stage 2 does, so a step of it is the same.
 */
export type Stage = 1 | 2;

export type Mode =
  | "graph"
  | "graph + XLA"
  | "eager"
  | "torch.compile"
  | "torch.compile, layers";

/** What a process trains; it is asked for steps and answers with `Answer`. */
export interface Task {
  readonly size: string;
  readonly stage: Stage;
  readonly mode: Mode;
  readonly config: AudioLlmConfig;
  /** What the design does in each layer: all that Python needs of it. */
  readonly plans: readonly LayerPlan[];
  readonly B: number;
  readonly T: number;
  readonly answer: number;
  readonly schedule: Schedule;
  readonly adamw: AdamwConfig;
}

/** Some steps, as a line of JSON. */
export interface Answer {
  readonly description: string;
  /** Milliseconds of each step, by the clock and of all threads together. */
  readonly times: readonly number[];
  readonly processor: readonly number[];
  readonly losses: readonly number[];
  /** Of the process before there was a model, at most since then, and now. */
  readonly startMiB: number;
  readonly peakMiB: number;
  readonly heldMiB: number;
  /** Tensors alive, where the engine counts them. */
  readonly nTensors?: number;
}

export function taskOf(
  { B, T, answer, connector, encoderOf, llama, name }: Size,
  variant: Variant,
  { mode, stage }: Pick<Task, "mode" | "stage">,
): Task {
  const scaled = atDepth(variant, llama.nLayers);
  const encoders = scaled.encoders.map(encoderOf);
  const config = { variant: scaled, llama, audioAt: 8, connector, encoders };
  const { adamw, peakLearningRate } = paperStages[stage - 1];
  return {
    size: name,
    ...{ stage, mode, config, B, T, answer, adamw },
    plans: layerPlans(scaled, llama.nLayers),
    // No warm-up: its first step would move nothing.
    schedule: { steps: 10_000, peakLearningRate, warmupRatio: 0 },
  };
}

/** What a step costs, by formula. */
export function costOfTask({ B, T, answer, config, stage }: Task): {
  readonly flops: number;
  readonly parameters: Cost["parameters"];
} {
  const cost = costOf(config, { B, T, answer });
  const step = stage === 1 ? cost.stage1Step : cost.stage2Step;
  return { flops: step.total, parameters: cost.parameters };
}

/** Audio tokens of a clip. */
function audioTokens({ config }: Pick<Task, "config">): number {
  const { bands, steps } = config.connector.query;
  return steps * bands;
}

/** Tokens of a step, text and audio. */
export function tokensOf(task: Task): number {
  return task.B * (task.T + audioTokens(task));
}
