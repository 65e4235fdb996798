import assert from "node:assert/strict";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { openCheckpoint } from "../../../lib/checkpoint/checkpoint.ts";
import { memorySource } from "../../../lib/checkpoint/source.ts";
import { openTensorflow } from "../../../lib/checkpoint/tensorflow/tensorflow.ts";
import * as proto from "../../../lib/files/proto.ts";
import { tensorflowHere } from "../../engine/tensorflow-here.ts";
import { bytesOf, fixtures, readTensors } from "../support.ts";
import { restoreV2 } from "./restore.ts";
import { type Entries, entryOf, headerOf, tableOf } from "./write-index.ts";

const tiny = join(fixtures, "parity", "musicnn-tiny");
const folder = mkdtempSync(join(tmpdir(), "pal-lab-tensorflow-"));
after(() => rmSync(folder, { recursive: true }));

/** The fixture's two files, named as the package has them. */
function copyOf(name: string): string {
  const copy = join(folder, name);
  mkdirSync(copy);
  for (const end of [".index", ".data-00000-of-00001"]) {
    copyFileSync(join(tiny, `model${end}`), join(copy, end));
  }
  return copy;
}

describe("openTensorflow", () => {
  it("lists what the file has: the network, and what its optimizer kept", async () => {
    const { close, tensors } = await openCheckpoint(tiny);
    // 8 kernels, 8 biases, 44 numbers of norms, two layers that name tags, and
    // the optimizer's two of each that is trained, and two of its own.
    assert.equal(tensors.size, 150);
    const { dtype, shape } = tensors.get("conv2d/kernel")!;
    assert.deepEqual([dtype, shape], ["F32", [7, 38, 1, 8]]);
    assert.deepEqual(tensors.get("beta1_power")?.shape, []);
    assert.ok(tensors.has("dense_1/kernel/Adam_1"));
    await close();
  });

  it("finds the files by their index, their folder and without a name", async () => {
    const named = await readTensors(join(tiny, "model.index"));
    const nameless = copyOf("nameless");
    assert.deepEqual(await readTensors(nameless), named);
    assert.deepEqual(await readTensors(join(nameless, ".index")), named);
  });

  it("says what it misses: the index, or the file of numbers", async () => {
    const bare = copyOf("bare");
    rmSync(join(bare, ".data-00000-of-00001"));
    const { close, read } = await openCheckpoint(bare);
    await assert.rejects(
      read("conv2d/bias"),
      /cannot open .*bare\/\.data-00000-of-00001: ENOENT/,
    );
    await close();
    rmSync(join(bare, ".index"));
    await assert.rejects(
      openCheckpoint(bare),
      /expected model\.safetensors or .*, or one \.index, in .*, got an empty/,
    );
  });

  it("refuses numbers that are not those of the checksum", async () => {
    const damaged = copyOf("damaged");
    const path = join(damaged, ".data-00000-of-00001");
    const bytes = readFileSync(path);
    bytes[bytes.length - 3] ^= 8;
    writeFileSync(path, bytes);
    const { close, read, tensors } = await openCheckpoint(damaged);
    const last = [...tensors.keys()].at(-1)!;
    await assert.rejects(
      read(last),
      /^Error: openTensorflow: expected the checksum of "dense_1\/kernel\/Adam_1", got another/,
    );
    await read("conv2d/bias");
    writeFileSync(path, bytes.subarray(0, 100));
    await assert.rejects(read(last), /has become shorter|may be cut short/);
    await close();
  });

  it("refuses a damaged index, wherever a byte of it is another", async () => {
    const index = readFileSync(join(tiny, "model.index"));
    const data = memorySource(
      readFileSync(join(tiny, "model.data-00000-of-00001")),
    );
    const whole = await readTensors(tiny);
    for (let at = 0; at < index.length; at += 37) {
      const bytes = Uint8Array.from(index);
      bytes[at] ^= 1 << (at % 8);
      // What fills up the footer, behind the places of two blocks, says nothing.
      const open = async () => {
        const source = memorySource(bytes, "damaged");
        const { read } = await openTensorflow(source, async () => data);
        for (const [name, tensor] of whole) {
          assert.deepEqual(await read(name), tensor);
        }
      };
      const isFilling = at >= index.length - 44 && at < index.length - 8;
      if (isFilling) await open().catch(() => {});
      else await assert.rejects(open(), /damaged|cut short/, `byte ${at}`);
    }
  });
});

describe("openTensorflow, of files written here", () => {
  const numbers = Float32Array.of(1.5, -2, 0.25, 4);
  const plain = { type: 1, shape: [4], bytes: bytesOf(numbers) };
  const open = (entries: Entries, table = {}) =>
    openTensorflow(
      memorySource(tableOf(entries, table), "made.index"),
      async (shard) => {
        if (shard === 0) return memorySource(bytesOf(numbers), "first");
        return memorySource(bytesOf(Int32Array.of(9, 7, -3)), "second");
      },
    );
  const header = ["", headerOf(2)] as const;

  it("reads several files, types and a tensor in the middle", async () => {
    const words = bytesOf(Int32Array.of(7, -3));
    const { read, tensors } = await open([
      header,
      [
        "a",
        entryOf({
          ...plain,
          shape: [1, 2],
          offset: 4,
          bytes: plain.bytes.slice(4, 12),
        }),
      ],
      [
        "b",
        entryOf({ type: 3, shape: [2], shard: 1, offset: 4, bytes: words }),
      ],
      ["c", entryOf({ type: 7, shape: [], bytes: Buffer.from("graph") })],
      ["d", entryOf({ type: 1, shape: [0], bytes: new Uint8Array() })],
    ]);
    assert.deepEqual([...tensors.keys()], ["a", "b", "d"]);
    assert.deepEqual(await read("a"), {
      shape: [1, 2],
      values: Float32Array.of(-2, 0.25),
    });
    assert.deepEqual((await read("b")).values, Int32Array.of(7, -3));
    assert.equal((await read("d")).values.length, 0);
    await assert.rejects(read("c"), /unknown tensor "c"/);
  });

  for (const [what, entries, message, table] of [
    ["no header", [["a", entryOf(plain)]], /a header under the empty name/],
    ["other bytes' order", [["", headerOf(1, 1)]], /little-endian/],
    [
      "a type that is no number's",
      [header, ["a", entryOf({ ...plain, type: 8 })]],
      /whole tensors of F32.* got type 8 \(tensor "a"/,
    ],
    [
      "a tensor in parts",
      [header, ["a", entryOf({ ...plain, more: [proto.text(7, "")] })]],
      /got a tensor in parts/,
    ],
    [
      "another number of bytes",
      [header, ["a", entryOf({ ...plain, shape: [5] })]],
      /expected 20 bytes in one of 2 files/,
    ],
    [
      "a size beyond all bounds",
      [header, ["a", entryOf({ ...plain, shape: [2 ** 40, 2 ** 40] })]],
      /with a checksum, got another entry/,
    ],
    [
      "a file that is not there",
      [header, ["a", entryOf({ ...plain, shard: 2 })]],
      /in one of 2 files/,
    ],
    ["a name twice", [header, header], /expected each name once, got "" twice/],
    [
      "a compressed block",
      [header],
      /stored bytes and no compressed ones/,
      { kind: 1 },
    ],
    [
      "a name that begins as none before it",
      [header],
      /expected a block with names in order/,
      { shared: 3 },
    ],
    [
      "an entry that is no message",
      [header, ["a", Buffer.of(8, 1, 18, 200, 1)]],
      /expected 200 bytes within 5 bytes, got their end/,
    ],
    [
      "a field of a kind that is not",
      [header, ["a", Buffer.of(15)]],
      /a field of kind 0, 1, 2 or 5, got 7/,
    ],
    [
      "a number without end",
      [header, ["a", Buffer.alloc(12, 0xff)]],
      /expected a number below 2\^53/,
    ],
  ] as [string, Entries, RegExp, object?][]) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(open(entries, table), {
        name: "RangeError",
        message,
      });
    });
  }

  it("refuses a file that is none, or cut", async () => {
    const whole = tableOf([header]);
    for (const bytes of [whole.subarray(0, 40), whole.subarray(10)]) {
      await assert.rejects(
        openTensorflow(memorySource(bytes, "cut"), async () => assert.fail()),
        /^RangeError: read(Table|Slice): expected .*cut/,
      );
    }
    const path = join(folder, "short.index");
    writeFileSync(path, whole.subarray(0, whole.length - 2));
    await assert.rejects(openCheckpoint(path), /^RangeError: openSafetensors/);
  });
});

const { skip } = await tensorflowHere();
describe("openTensorflow and TensorFlow's own RestoreV2", { skip }, () => {
  it("read the same numbers, bit by bit", async () => {
    const tensors = await readTensors(tiny);
    const restored = restoreV2(join(tiny, "model"), [...tensors.keys()]);
    [...tensors].forEach(([name, { values }], i) => {
      assert.deepEqual(values, restored[i], name);
    });
  });
});
