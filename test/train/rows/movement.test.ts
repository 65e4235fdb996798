import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { writeSafetensors } from "../../../lib/checkpoint/write-safetensors.ts";
import { movementRows } from "../../../lib/train/rows/movement.ts";
import { startEngine } from "../../use-engine.ts";

const root = mkdtempSync(join(tmpdir(), "pal-movement-"));
after(() => rmSync(root, { recursive: true }));

/** A file of weights: two layers, and a norm of its own. */
function weights(name: string, down: readonly number[], up = 1): string {
  return writeSafetensors(join(root, name), {
    llama: {
      blocks: [
        { down: tf.tensor1d([...down]), up: tf.tensor1d([up]) },
        { down: tf.tensor1d([1, 2]) },
      ],
      norm: tf.tensor1d([2]),
    },
  });
}

describe("movement, part by part", () => {
  before(startEngine);

  it("adds up a layer's tensors, and is 0 where no number differs", async () => {
    const one = weights("one", [3, 0], 4);
    const other = weights("other", [3, 4], 7);
    assert.deepEqual(await movementRows(one, other), [
      {
        part: "llama.blocks.0",
        numbers: 3,
        before: 5,
        after: Math.sqrt(74),
        moved: 5,
        percent: 100,
      },
      {
        part: "llama.blocks.1",
        numbers: 2,
        before: Math.sqrt(5),
        after: Math.sqrt(5),
        moved: 0,
        percent: 0,
      },
      {
        part: "llama.norm",
        numbers: 1,
        before: 2,
        after: 2,
        moved: 0,
        percent: 0,
      },
    ]);
  });

  it("sees the last bit of one number", async () => {
    const one = weights("one", [1, 1]);
    const other = weights("other", [1, 1 + 2 ** -23]);
    const [moved, still] = await movementRows(one, other);
    assert.equal(moved.moved, 2 ** -23);
    assert.equal(still.moved, 0);
  });

  it("refuses files of other tensors", async () => {
    const one = weights("one", [1, 1]);
    const other = weights("other", [1, 1, 1]);
    await assert.rejects(movementRows(one, other), {
      name: "RangeError",
      message:
        /expected the same tensors in both .*without llama\.blocks\.0\.down \[2\]/,
    });
  });
});
