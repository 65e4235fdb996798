import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, it } from "node:test";
import { tensorflowHere } from "../engine/tensorflow-here.ts";

const script = join(import.meta.dirname, "recompute-child.ts");

/** No pool that keeps memory, and larger pieces go back at once. */
const givesBack = {
  TF_ENABLE_ONEDNN_OPTS: "0",
  MALLOC_MMAP_THRESHOLD_: "65536",
};

interface Told {
  readonly peakMiB: number;
  readonly loss: number;
  readonly square: number;
}

function take(...args: readonly string[]): Told {
  const { status, stderr, stdout } = spawnSync(
    process.execPath,
    ["--import", "tsx", script, ...args],
    { encoding: "utf8", env: { ...process.env, ...givesBack } },
  );
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout.trim().split("\n").at(-1)!);
}

/**
 * MiB that twelve layers keep for the backward pass, at the least: for each of
 * 8 x 128 rows four tensors of the stream's width, the scores of 4 heads with
 * 128 keys, and four tensors of the FFN's width.
 */
const keptMiB = (12 * 8 * 128 * (4 * 128 + 4 * 128 + 4 * 512) * 4) / 2 ** 20;

const here = await tensorflowHere();
const skip = here.skip || (process.platform !== "linux" && "no /proc here");

describe("a graph that computes layers' insides again", { skip }, () => {
  for (const args of [["baseline"], ["attention-only"], ["baseline", "xla"]]) {
    it(`gives their memory back: ${args.join(", ")}`, () => {
      const [design, ...xla] = args;
      const kept = take(design, "nothing", ...xla);
      const again = take(design, "layers", ...xla);
      const saved = kept.peakMiB - again.peakMiB;
      assert.ok(saved > 0.7 * keptMiB, `saved ${saved} of ${keptMiB} MiB`);
      for (const name of ["loss", "square"] as const) {
        assert.ok(Math.abs(again[name] / kept[name] - 1) < 1e-5, name);
      }
    });
  }
});
