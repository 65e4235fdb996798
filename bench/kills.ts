/**
 * `npm run bench -- kills [n]`: a tiny run, killed n times (default 200) at
 * random moments and begun again, must end with the weights of one that nobody
 * disturbed, to the byte.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { random } from "../lib/tensor/random.ts";
import { killed, undisturbed } from "../test/train/kills.ts";

/** Kills of one run; it would be done after more. */
const perRun = 20;

export async function run([n = "200"]: readonly string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "pal-kills-"));
  try {
    const wanted = await undisturbed(join(folder, "whole"));
    const chance = random("bench kills");
    const moment = () => chance.uniform(0, 30);
    for (let done = 0; done < Number(n); done += perRun) {
      const count = Math.min(perRun, Number(n) - done);
      const place = join(folder, `${done}`);
      const { sha256 } = await killed(place, { n: count, moment });
      if (sha256 !== wanted) {
        throw new Error(
          `kills: expected weights ${wanted}, got ${sha256} (runs ${done} on)`,
        );
      }
      console.log(`kills: ${done + count} of ${n}, the same bytes`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
