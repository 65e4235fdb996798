import type { EngineFacts } from "./facts.ts";
import { weightsOf } from "./grid.ts";
import { readRecord } from "./record.ts";
import type { Ending } from "./walk.ts";

/** A run of a grid as it stands. */
export interface GridRow {
  readonly design: string;
  readonly seed: number;
  readonly state: Ending["state"];
  /** Why it failed. */
  readonly error?: string;
  /** Of each asked stage's last step, in nats per token, by its number. */
  readonly loss: Readonly<Record<string, number>>;
  /** Of all steps of the asked stages. */
  readonly seconds: number;
  /** What computed it: threads, processor, oneDNN. */
  readonly engines: readonly EngineFacts[];
  /** The run's own. */
  readonly folder: string;
  /** The last asked stage's weights, once it has ended. */
  readonly path?: string;
}

/** A run's row, from its ending and its record. */
export function rowOf(ending: Ending, stages: readonly number[]): GridRow {
  const { run, state } = ending;
  const record = readRecord(run);
  const told = stages.flatMap((number) => {
    const stage = record?.stages[number];
    return stage ? [{ number, ...stage }] : [];
  });
  const ended = told.filter(({ step, steps }) => step === steps);
  const path = weightsOf(run, stages);
  return {
    ...{ design: run.design.name, seed: run.seed, state },
    ...(ending.state === "failed" && { error: ending.error.message }),
    loss: Object.fromEntries(ended.map(({ loss, number }) => [number, loss])),
    seconds: told.reduce((sum, { seconds }) => sum + seconds, 0),
    engines: record?.engines ?? [],
    folder: run.folder,
    ...(path !== undefined && { path }),
  };
}
