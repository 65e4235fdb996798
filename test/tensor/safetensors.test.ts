import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { readSafetensors } from "../../lib/tensor/safetensors.ts";

const fixture = join(import.meta.dirname, "../fixtures/parity/llama-tiny");
const bytes = () => readFileSync(join(fixture, "io.safetensors"));

/** A file of one header and some numbers. */
function file(header: object, numbers: Uint8Array): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const whole = new Uint8Array(8 + text.length + numbers.length);
  new DataView(whole.buffer).setBigUint64(0, BigInt(text.length), true);
  whole.set(text, 8);
  whole.set(numbers, 8 + text.length);
  return whole;
}

describe("readSafetensors", () => {
  it("reads shapes and numbers", () => {
    const numbers = new Uint8Array(Float32Array.of(1.5, -2).buffer);
    const x = { dtype: "F32", shape: [2, 1], data_offsets: [0, 8] };
    const read = readSafetensors(file({ __metadata__: {}, x }, numbers));
    assert.deepEqual([...read.keys()], ["x"]);
    assert.deepEqual(read.get("x"), {
      shape: [2, 1],
      values: Float32Array.of(1.5, -2),
    });
  });

  it("reads a file that another program wrote", () => {
    const read = readSafetensors(bytes());
    assert.deepEqual(read.get("logits")?.shape, [1, 100, 97]);
    assert.equal(read.get("input_ids")?.values.length, 100);
  });

  it("refuses a file that is cut short", () => {
    assert.throws(() => readSafetensors(bytes().subarray(0, 5000)), {
      name: "RangeError",
      message: /^readSafetensors: expected \d+ bytes for shape/,
    });
    assert.throws(() => readSafetensors(new Uint8Array(4)), {
      message: /expected a header within 4 bytes/,
    });
  });

  it("refuses numbers it cannot read yet", () => {
    const x = { dtype: "BF16", shape: [1], data_offsets: [0, 2] };
    assert.throws(() => readSafetensors(file({ x }, new Uint8Array(2))), {
      name: "TypeError",
      message: 'readSafetensors: expected F32 or I32, got BF16 (tensor "x")',
    });
  });

  it("refuses a header that is no JSON", () => {
    const whole = file({ x: 1 }, new Uint8Array(0));
    whole[8] = 0;
    assert.throws(() => readSafetensors(whole), /expected a JSON header/);
  });
});
