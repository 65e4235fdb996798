import type { LlamaConfig } from "../../lib/llm/config.ts";
import { paperConnector } from "../../lib/pal/connector/config.ts";
import { costOf } from "../../lib/pal/cost/cost.ts";
import {
  atDepth,
  type LayerPlan,
  layerPlans,
} from "../../lib/pal/design/layer-plan.ts";
import {
  attentionOnly,
  baseline,
  type Variant,
} from "../../lib/pal/design/variant.ts";
import type { AudioLlmConfig } from "../../lib/pal/run/audio-llm.ts";

/** A language model, its connectors' width, and a batch. */
export interface Size {
  readonly name: string;
  readonly llama: LlamaConfig;
  /** Of a latent token, and its heads. */
  readonly latent: { readonly width: number; readonly nHeads: number };
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

/** The lab's default model: 5 M parameters. */
export const lab: Size = {
  name: "lab",
  llama: {
    ...common,
    name: "lab-s",
    nLayers: 12,
    width: 192,
    ffnWidth: 512,
    nHeads: 6,
    nKvHeads: 2,
    headWidth: 32,
    vocabularySize: 768,
  },
  latent: { width: 192, nHeads: 6 },
  B: 16,
  T: 48,
  answer: 8,
};

/** 88 M parameters, and 21 M in attention-only's connectors. */
export const large: Size = {
  name: "100M",
  llama: {
    ...common,
    name: "bench-100m",
    nLayers: 12,
    width: 768,
    ffnWidth: 2048,
    nHeads: 12,
    nKvHeads: 4,
    headWidth: 64,
    vocabularySize: 16_384,
  },
  latent: { width: 768, nHeads: 12 },
  B: 4,
  T: 96,
  answer: 16,
};

/** For the growth with the number of audio tokens. */
export const middle: Size = {
  name: "middle",
  llama: {
    ...common,
    name: "bench-middle",
    nLayers: 8,
    width: 384,
    ffnWidth: 1024,
    nHeads: 6,
    nKvHeads: 2,
    headWidth: 64,
    vocabularySize: 4096,
  },
  latent: { width: 384, nHeads: 6 },
  B: 4,
  T: 64,
  answer: 16,
};

/** Query grids of 8, 32, 128 and 512 audio tokens. */
export const growing = [
  { steps: 8, bands: 1 },
  { steps: 16, bands: 2 },
  { steps: 32, bands: 4 },
  { steps: 64, bands: 8 },
];

export const designs: readonly Variant[] = [baseline, attentionOnly];

/** 1: the connector trains, the language model is frozen. 2: both train. */
export type Stage = 1 | 2;

/** How a step runs: PyTorch's is "eager". */
export type Mode = "eager" | "graph" | "graph + XLA";

/** What a child process measures; it answers with `Measurement` as JSON. */
export interface Task {
  readonly size: string;
  readonly stage: Stage;
  readonly config: AudioLlmConfig;
  /** What the design does in each layer: all that Python needs of it. */
  readonly plans: readonly LayerPlan[];
  readonly B: number;
  readonly T: number;
  readonly answer: number;
  readonly mode: Mode;
  readonly warmUp: number;
  readonly steps: number;
}

export interface Measurement {
  readonly description: string;
  /** Milliseconds of each step after warming up. */
  readonly times: readonly number[];
  /** Of the first two steps, to check that all train the same model. */
  readonly losses: readonly number[];
  /** Operations of the graph, where there is one. */
  readonly nNodes?: number;
}

/** The task of a design; the query grid is the connector's default if none. */
export function taskOf(
  size: Size,
  variant: Variant,
  options: Pick<Task, "stage" | "mode" | "warmUp" | "steps"> & {
    readonly query?: { readonly steps: number; readonly bands: number };
  },
): Task {
  const { query = paperConnector.query, ...rest } = options;
  const { B, T, answer, latent, llama, name } = size;
  const scaled = atDepth(variant, llama.nLayers);
  const config = {
    variant: scaled,
    llama,
    audioAt: 8,
    connector: { ...paperConnector, ...latent, query },
    encoders: [{ name: "sslam", grid: { steps: 64, bands: 8 }, width: 768 }],
  };
  const plans = layerPlans(scaled, llama.nLayers);
  return { ...rest, B, T, answer, config, plans, size: name };
}

/** Operations of the matrix products of a task's step. */
export function flopsOf({ B, T, answer, config, stage }: Task): number {
  const cost = costOf(config, { B, T, answer });
  return (stage === 1 ? cost.stage1Step : cost.stage2Step).total;
}

/** Audio tokens of a clip. */
export function audioTokens({ config }: Task): number {
  return config.connector.query.steps * config.connector.query.bands;
}
