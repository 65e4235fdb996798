import type { Numerics } from "./numerics.ts";

/** An engine that has started. */
export interface Started {
  /** One line: version, device, threads. */
  readonly description: string;
  readonly numerics: Numerics;
}

export interface StartOptions {
  /** False when "auto" is looking for an engine. */
  readonly isNamed: boolean;
  /** Whether results are to be the same on one core and on two. */
  readonly isPortable: boolean;
}
