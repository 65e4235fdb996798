import type { EngineRequest } from "../lib/engine/engine.ts";
import { useEngine } from "../lib/engine/engine.ts";

/** Starts the engine that PAL_ENGINE names, or the best: for `before`. */
export async function startEngine(): Promise<void> {
  const request = (process.env.PAL_ENGINE ?? "auto") as EngineRequest;
  await useEngine(request, { report: () => {} });
}
