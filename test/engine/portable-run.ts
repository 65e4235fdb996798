/** Trains a little under PAL_PORTABLE; prints a hash of losses and weights. */
import { createHash } from "node:crypto";
import { useEngine } from "../../lib/engine/engine.ts";
import { leaves } from "../../lib/tensor/params.ts";
import { trainLanguageModel } from "../../lib/world/toy/language-model.ts";
import { comparisonSetting } from "../../lib/world/toy/setting.ts";

const portable = process.argv[2] === "portable";
const { numerics } = await useEngine("tensorflow", { portable });
const { losses, params } = await trainLanguageModel({
  ...comparisonSetting(),
  nJottings: 12,
  batchSize: 64,
  seed: 1,
  schedule: { steps: 12, peakLearningRate: 4e-3, warmupRatio: 0.05 },
});
const hash = createHash("sha256").update(new Uint8Array(losses.buffer));
for (const leaf of leaves(params)) {
  const { buffer, byteLength, byteOffset } = leaf.dataSync();
  hash.update(new Uint8Array(buffer, byteOffset, byteLength));
}
console.log(JSON.stringify({ hash: hash.digest("hex"), numerics }));
