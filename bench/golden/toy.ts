import { createHash } from "node:crypto";
import { join } from "node:path";
import { toyEncoder } from "../../lib/encoder/toy.ts";
import { atDepth } from "../../lib/pal/design/layer-plan.ts";
import {
  attentionOnly,
  baseline,
  delayedFusion,
} from "../../lib/pal/design/variant.ts";
import {
  openSoundfonts,
  readSoundfontManifest,
} from "../../lib/world/soundfonts.ts";
import {
  encodeComparisonClips,
  learnLanguage,
  runDesign,
} from "../../lib/world/toy/comparison.ts";
import { scales } from "../../lib/world/toy/scales.ts";
import { comparisonSetting } from "../../lib/world/toy/setting.ts";
import type { Line } from "./lines.ts";

const manifest = join(
  import.meta.dirname,
  ...["..", "..", "data-manifests", "soundfonts.json"],
);

/** The first notebook's road at smoke scale, from sound to answers. */
export async function toyLines(): Promise<Line[]> {
  const scale = scales.smoke;
  const setting = comparisonSetting();
  const clips = await encodeComparisonClips(scale, {
    encoder: toyEncoder(),
    soundfonts: openSoundfonts(readSoundfontManifest(manifest)),
  });
  const { llama, losses } = await learnLanguage(scale, setting);
  const { features } = clips.train;
  const hash = createHash("sha256").update(new Uint8Array(features.buffer));
  const lines: Line[] = [
    ["toy/features", "sha256", hash.digest("hex")],
    ...Array.from(losses, (loss, i): Line => ["toy/language-model", i, loss]),
  ];
  for (const paper of [baseline, delayedFusion, attentionOnly]) {
    const variant = atDepth(paper, setting.llama.nLayers);
    const world = { scale, setting, clips, llama };
    const run = await runDesign({ variant, seed: 1 }, world);
    const name = `toy/${variant.name}`;
    const given = run.answers.map((answer) => answer.given).join(" | ");
    lines.push(...Array.from(run.losses, (loss, i): Line => [name, i, loss]), [
      name,
      "answers",
      given,
    ]);
  }
  return lines;
}
