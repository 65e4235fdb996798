import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FeatureKey } from "../../lib/features/key.ts";
import { random } from "../../lib/tensor/random.ts";

export const sha256 = (text: string) =>
  createHash("sha256").update(text).digest("hex");

/** The key of a sound by the encoder of these tests. */
export const keyOf = (name: string): FeatureKey => ({
  audio: sha256(name),
  weights: sha256("weights"),
  settings: { frontEnd: { hop: 160, name: "test" }, crop: [0, 10] },
});

/** Features that follow from a name; float16 holds them without rounding. */
export function featuresNamed(name: string, length = 1000): Float32Array {
  const chance = random("features", name);
  const first = chance.integer(0, 2047);
  const features = new Float32Array(length);
  for (let i = 0; i < length; i++) features[i] = ((first + i) % 2048) / 64;
  return features;
}

/** Does `work` in a folder of its own. */
export async function inFolder(
  work: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "pal-features-"));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
