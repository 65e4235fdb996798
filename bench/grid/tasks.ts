import { attentionOnly, baseline } from "../../lib/pal/design/variant.ts";

/** What a process is asked for: some steps of a design's stage. */
export interface Block {
  readonly design: string;
  readonly stage: number;
  readonly steps: number;
}

/** What it answers with; times in milliseconds. */
export interface Measured {
  readonly wall: number;
  /** Of the fastest step. */
  readonly fastest: number;
  /** Of the processor, all threads together. */
  readonly processor: number;
  readonly losses: readonly number[];
}

/** What a process says when it is ready, before its first block. */
export interface Ready extends Pick<Measured, "processor"> {
  readonly description: string;
  readonly rssMiB: number;
}

export const designs = [baseline, attentionOnly];
/** Stage 3 differs from stage 2 in its questions alone. */
export const stages = [1, 2];

/** The same two blocks in either way, and how many threads a process has. */
export const ways = [
  { name: "1 process, 2 threads", processes: 1, threads: 2 },
  { name: "2 processes, 1 thread each", processes: 2, threads: 1 },
] as const;
export type Way = (typeof ways)[number];
