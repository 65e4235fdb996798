import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { openCheckpoint } from "../../lib/checkpoint/checkpoint.ts";
import { writeSafetensors } from "../../lib/checkpoint/write-safetensors.ts";
import { startEngine } from "../use-engine.ts";

const folder = mkdtempSync(join(tmpdir(), "pal-write-"));
after(() => rmSync(folder, { recursive: true }));
const path = join(folder, "model.safetensors");

describe("writeSafetensors", () => {
  before(startEngine);
  const odd = Float32Array.of(-0, 1e-45, Number.NaN, Infinity, 0.1, 3);

  it("writes what the reader reads, bit for bit", async () => {
    const tree = {
      weights: [tf.tensor(odd, [2, 3]), tf.scalar(7)],
      ids: tf.tensor1d([1, -2], "int32"),
      none: tf.zeros([0, 4]),
      flags: tf.tensor1d([true, false], "bool"),
    };
    writeSafetensors(path, tree, { step: "12", note: "ä" });
    const file = await openCheckpoint(path);
    assert.deepEqual(Object.fromEntries(file.metadata ?? []), {
      step: "12",
      note: "ä",
    });
    const read = async (name: string) => {
      const { shape, values } = await file.read(name);
      return [shape, [...new Int32Array(values.buffer)]];
    };
    assert.deepEqual(await read("weights.0"), [
      [2, 3],
      [...new Int32Array(odd.buffer)],
    ]);
    assert.deepEqual(await read("ids"), [[2], [1, -2]]);
    assert.deepEqual((await file.read("flags")).values, Int32Array.of(1, 0));
    assert.deepEqual((await file.read("none")).shape, [0, 4]);
    await file.close();
  });

  it("gives the same bytes whatever the order of the fields", () => {
    const [a, b] = [tf.tensor1d([1]), tf.tensor1d([2, 3])];
    writeSafetensors(path, { a, b });
    const one = readFileSync(path);
    writeSafetensors(path, { b, a });
    assert.deepEqual(readFileSync(path), one);
    assert.equal(one.readUInt32LE(0) % 8, 0); // numbers begin aligned
  });

  it("refuses names and metadata that no reader would give back", () => {
    const one = tf.scalar(1);
    for (const [tree, got] of [
      [one, '""'],
      [{ __metadata__: one }, '"__metadata__"'],
      [{ "a.b": one, a: { b: one } }, '"a.b" twice'],
    ] as const) {
      assert.throws(() => writeSafetensors(path, tree), {
        name: "RangeError",
        message: `writeSafetensors: expected a name for each tensor, got ${got}`,
      });
    }
    const step = { step: 3 } as never;
    assert.throws(() => writeSafetensors(path, { one }, step), {
      name: "TypeError",
      message: "writeSafetensors: expected text as metadata, got number (step)",
    });
  });

  it("says which file it could not write", () => {
    const lost = join(folder, "none", "model.safetensors");
    assert.throws(() => writeSafetensors(lost, { a: tf.scalar(1) }), {
      message: /^writeSafetensors: expected to write .*none.*, got: ENOENT/,
    });
  });

  it("refuses a type that the format does not have", () => {
    const tree = { words: tf.tensor1d(["a"]) };
    assert.throws(() => writeSafetensors(path, tree), {
      name: "TypeError",
      message:
        "writeSafetensors: expected float32, int32, bool, got string (words)",
    });
  });
});
