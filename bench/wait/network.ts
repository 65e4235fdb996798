import { randomEncoder } from "../../lib/encoder/random-encoder.ts";
import { useEngine } from "../../lib/engine/engine.ts";
import {
  featuresOnTheFly,
  type OnTheFly,
} from "../../lib/features/on-the-fly.ts";

/** SSLAM's network, small and untrained, on this thread's own engine. */
export async function openFlying(): Promise<OnTheFly> {
  await useEngine("tensorflow", { report: () => {} });
  return featuresOnTheFly([{ encoder: await randomEncoder("sslam", 1) }]);
}
