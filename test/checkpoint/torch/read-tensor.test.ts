import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { storedZip } from "../../../bench/fuzz/zip.ts";
import { memorySource } from "../../../lib/checkpoint/source.ts";
import { openTorch } from "../../../lib/checkpoint/torch/torch.ts";
import { dictOf, type Written } from "./support.ts";

const four = new Uint8Array(Float32Array.of(1, -2, 0, 4).buffer);

/** A file whose tensor "x" is this place in four numbers. */
const open = (written: Written, data: Uint8Array = four) =>
  openTorch(
    memorySource(
      storedZip([
        ["x/data.pkl", dictOf(written)],
        ["x/data/0", data],
      ]),
      "test",
    ),
  );

async function read(written: Written, data?: Uint8Array) {
  const file = await open(written, data);
  return [...(await file.read("x")).values];
}

const truth = "BoolStorage";

describe("a tensor of a PyTorch file", () => {
  it("has as many numbers as its shape, however it repeats them", async () => {
    for (const [shape, strides] of [
      [[5], [0]],
      [
        [2, 3],
        [1, 0],
      ],
      [
        [3, 2],
        [1, 1],
      ],
      [
        [4, 4, 2],
        [0, 1, 0],
      ],
      [
        [0, 3],
        [0, 0],
      ],
    ]) {
      const size = shape.reduce((product, n) => product * n, 1);
      const found = await read({ shape, strides });
      assert.equal(found.length, size, `[${shape}]`);
    }
  });

  it("is refused where it leaves its storage", async () => {
    for (const written of [
      { shape: [5], strides: [1] },
      { shape: [2, 3], strides: [2, 1] },
      { offset: 4, shape: [2], strides: [0] },
    ]) {
      await assert.rejects(
        read(written),
        /^RangeError: openTorch: expected at most \d+ numbers within 4 stored/,
      );
    }
  });

  it("is refused where a few bytes promise gigabytes", async () => {
    const big = 2 ** 26;
    const tooMuch = { shape: [big + 4 * 64 + 1], strides: [0] };
    await assert.rejects(
      open(tooMuch),
      /expected tensors of at most 67109120 numbers from 4 stored ones, got/,
    );
    await assert.rejects(
      read({ shape: [big + 1], strides: [0] }),
      /expected at most 67108864 numbers within 4 stored ones, got shape/,
    );
    const vast = new Array(16).fill(2 ** 31 - 1);
    await assert.rejects(
      open({ shape: vast, strides: vast.map(() => 0) }),
      /got 2.*e\+149/,
    );
  });

  it("has the other sign where the negative bit is set", async () => {
    assert.deepEqual(await read({ bits: ["neg"] }), [-1, 2, -0, -4]);
    assert.deepEqual(await read({ bits: [] }), [1, -2, 0, 4]);
  });

  it("is refused where a bit is set that can not be applied", async () => {
    await assert.rejects(
      open({ bits: ["conj"] }),
      /the bit "neg" on fractions, got "conj" on F32; .* after resolve_conj/,
    );
    await assert.rejects(open({ bits: ["neg", "more"] }), /got "neg, more"/);
    const whole = { bits: ["neg"], storage: "IntStorage" };
    await assert.rejects(open(whole), /got "neg" on I32/);
  });

  it("takes any byte but 0 for true, as PyTorch does", async () => {
    const bytes = Uint8Array.of(0, 1, 2, 255);
    assert.deepEqual(await read({ storage: truth }, bytes), [0, 1, 1, 1]);
  });
});

describe("a PyTorch file", () => {
  it("is refused where its files overlap", async () => {
    const bytes = storedZip([
      ["x/data.pkl", dictOf({})],
      ["x/data/0", four],
    ]);
    // The directory's second entry: the numbers are as long as the whole file.
    const last = Buffer.from(bytes).lastIndexOf("PK\x01\x02", "latin1");
    for (const place of [20, 24]) {
      new DataView(bytes.buffer, bytes.byteOffset).setUint32(
        last + place,
        bytes.length - 1,
        true,
      );
    }
    await assert.rejects(
      openTorch(memorySource(bytes, "test")),
      /got files that overlap \(test\)/,
    );
  });
});
