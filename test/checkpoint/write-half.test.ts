import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { openCheckpoint } from "../../lib/checkpoint/checkpoint.ts";
import { writeHalf } from "../../lib/checkpoint/write-half.ts";
import { open, safetensorsOf } from "./support.ts";

const folder = mkdtempSync(join(tmpdir(), "pal-half-"));
after(() => rmSync(folder, { recursive: true }));
const path = join(folder, "model.safetensors");

const checkpointOf = (values: readonly number[]) =>
  open(
    safetensorsOf(
      new Map([
        ["b", { shape: [values.length], values: Float32Array.from(values) }],
        ["a", { shape: [1, 1], values: Float32Array.of(0.5) }],
      ]),
    ),
  );

describe("writeHalf", () => {
  it("writes every tensor as the nearest halves, in the order of names", async () => {
    const told: number[] = [];
    // 1 + 2^-11 lies between two halves and goes to the even one.
    const source = await checkpointOf([
      1 / 3,
      1 + 2 ** -11,
      -(2 ** -24),
      65504,
    ]);
    await writeHalf(path, source, {
      metadata: { format: "pt" },
      onTensor: (done, all) => told.push(done / all),
    });
    const written = await openCheckpoint(path);
    assert.deepEqual([...written.tensors.keys()], ["a", "b"]);
    assert.equal(written.tensors.get("b")?.dtype, "F16");
    assert.equal(written.metadata?.get("format"), "pt");
    const { values } = await written.read("b");
    assert.deepEqual([...values], [0.333251953125, 1, -(2 ** -24), 65504]);
    await written.close();
    assert.deepEqual(told, [0.5, 1]);
  });

  it("refuses a number beyond float16 and leaves no file", async () => {
    rmSync(path, { force: true });
    await assert.rejects(
      writeHalf(path, await checkpointOf([0, 70_000]), { metadata: {} }),
      /^RangeError: writeHalf: expected numbers within float16, got 70000 \(number 1 of tensor "b", test\)$/,
    );
    assert.deepEqual(readdirSync(folder), []);
  });
});
