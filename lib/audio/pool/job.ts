import type { DecodeLimits } from "../decode/check.ts";
import type { AudioFormat } from "../decode/header.ts";
import type { FrontEnd } from "../front-end.ts";
import type { Mel } from "../mel.ts";

/** What a worker is asked for: one file, heard by some front-ends. */
export interface Job {
  readonly path: string;
  /** By name and module: functions do not travel between threads. */
  readonly frontEnds: readonly Pick<FrontEnd, "module" | "name">[];
  readonly acceptCutShort: boolean;
  readonly acceptDamaged: boolean;
  readonly limits: Partial<DecodeLimits>;
}

/** One file as the front-ends hear it. */
export interface Hearing {
  /** By the front-end's name. */
  readonly mels: Readonly<Record<string, Mel>>;
  readonly sampleRate: number; // Hz, of the file
  readonly channels: number;
  /** Seconds heard: at most the crop's. */
  readonly seconds: number;
  readonly format: AudioFormat;
  readonly notes: readonly string[];
}
