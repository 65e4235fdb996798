import type * as tf from "@tensorflow/tfjs";
import { disposeTensors, type Tensors } from "../tensor/params.ts";
import {
  type AdamwConfig,
  type AdamwState,
  adamwDefaults,
  startAdamw,
} from "./adamw.ts";
import type { Schedule } from "./schedule.ts";

/** What long work tells and takes while it runs. */
export interface WorkOptions {
  /** Stops the work before its next step. */
  readonly signal?: AbortSignal;
  readonly onStep?: (report: StepReport) => void;
}

export interface StepReport {
  readonly step: number;
  readonly steps: number;
  /** In nats per token. */
  readonly loss?: number;
}

/** What an optimizer step tells. */
export interface TrainReport extends StepReport {
  readonly loss: number;
  readonly learningRate: number;
  /** Each parameter group's gradient before clipping; "all" where it is one. */
  readonly gradientNorms: Readonly<Record<string, number>>;
  /** Tokens that counted. */
  readonly tokens: number;
  /** Of the step, its batches included. */
  readonly seconds: number;
}

/** `WorkOptions` of a training: its reports tell more. */
export interface TrainOptions extends Pick<WorkOptions, "signal"> {
  readonly onStep?: (report: TrainReport) => void;
}

/** One training: what moves, what stays, and what is counted. */
export interface Training<
  P extends Tensors,
  F extends Tensors,
  B extends Tensors,
> {
  /** Where training starts; stays the caller's. */
  readonly params: P;
  /** Gets no gradient and does not move. */
  readonly frozen: F;
  /** A mean over what a batch counts. */
  readonly loss: (params: P, frozen: F, batch: B) => tf.Scalar;
  /** Makes a micro-batch of a step; `fit` frees it. */
  readonly batchAt: (step: number, micro: number) => B | Promise<B>;
  /** Batches whose gradients make one step; default 1. */
  readonly nMicroBatches?: number;
  /**
   * What a micro-batch's mean counts among those of its step: the number of
   * its tokens makes the step that of one large batch. Default 1, LTU's way.
   */
  readonly weightOf?: (batch: B) => tf.Scalar;
  /** Tokens that a batch counts, for reports; default 0. */
  readonly tokensOf?: (batch: B) => number;
  readonly schedule: Schedule;
  readonly adamw?: AdamwConfig;
  /**
   * Let XLA compile the step: seconds to minutes at its start, and 30 % less
   * time a step at 1 M parameters, 3 % at 7 M (`bench/results/engine`). Last
   * bits differ. Default false.
   */
  readonly xla?: boolean;
  /** Takes the line of each further trace; default console.log. */
  readonly onTrace?: (line: string) => void;
  /** For errors and reports. */
  readonly name: string;
}

/** Where a training stands: enough, with its settings, to go on. */
export interface Progress<P extends Tensors> {
  readonly state: AdamwState<P>;
  /** Steps that are done. */
  readonly step: number;
}

/** The start of a training; the parameters are copied. */
export function begin<P extends Tensors>({
  adamw = adamwDefaults,
  params,
}: Pick<Training<P, Tensors, Tensors>, "params" | "adamw">): Progress<P> {
  return { state: startAdamw(params, adamw), step: 0 };
}

export function disposeProgress({ state }: Progress<Tensors>): void {
  disposeTensors(state);
}
