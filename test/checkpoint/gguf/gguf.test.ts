import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { openCheckpoint } from "../../../lib/checkpoint/checkpoint.ts";
import { fixtures } from "../support.ts";
import {
  f32,
  field,
  fixture,
  ggufOf,
  list,
  open,
  type StoredTensor,
  text,
  u32,
  u64,
} from "./support.ts";

const ones: StoredTensor = {
  ...{ name: "ones", axes: [2], type: 0 },
  data: Buffer.concat([f32(1), f32(1)]),
};
const refused = (bytes: Uint8Array, message: RegExp) =>
  assert.rejects(open(bytes), message);

describe("openGguf", () => {
  it("is what a checkpoint's first bytes ask for, whatever its name", async () => {
    const path = join(fixtures, "gguf", "tiny.gguf");
    const checkpoint = await openCheckpoint(path);
    assert.equal(checkpoint.header?.get("general.architecture"), "llama");
    assert.equal(checkpoint.header?.get("llama.block_count"), 2);
    assert.deepEqual(checkpoint.tensors.get("blk.0.attn_k.weight"), {
      shape: [32, 64],
      dtype: "Q4_1",
    });
    await checkpoint.close();
  });

  // By the format's own package; names outside attention's turned rows.
  it("reads Q4_1, Q8_0 and F32 as the format's package does, bit by bit", async () => {
    const gguf = await openCheckpoint(join(fixtures, "gguf", "tiny.gguf"));
    const twin = await openCheckpoint(
      join(fixtures, "gguf", "expected.safetensors"),
    );
    for (const [ours, theirs] of [
      ["token_embd.weight", "model.embed_tokens.weight"],
      ["output_norm.weight", "model.norm.weight"],
      ["blk.0.ffn_down.weight", "model.layers.0.mlp.down_proj.weight"],
      ["blk.1.ffn_up.weight", "model.layers.1.mlp.up_proj.weight"],
      ["blk.1.attn_v.weight", "model.layers.1.self_attn.v_proj.weight"],
    ]) {
      assert.deepEqual(await gguf.read(ours), await twin.read(theirs), ours);
    }
    await Promise.all([gguf.close(), twin.close()]);
  });

  it("knows a block: the low four bits are its first half", async () => {
    // scale 0.5, least number -1; byte i holds i and 15 - i
    const nibbles = Uint8Array.from(
      { length: 16 },
      (_, i) => i | ((15 - i) << 4),
    );
    const q4 = Buffer.concat([Buffer.from([0, 0x38, 0, 0xbc]), nibbles]);
    // scale 2; -16 to 15
    const whole = Int8Array.from({ length: 32 }, (_, i) => i - 16);
    const q8 = Buffer.concat([
      Buffer.from([0, 0x40]),
      Buffer.from(whole.buffer),
    ]);
    const gguf = await open(
      ggufOf(
        [],
        [
          { name: "four", axes: [32], type: 3, data: q4 },
          { name: "eight", axes: [32, 1], type: 8, data: q8 },
        ],
      ),
    );
    const four = await gguf.read("four");
    const expected = Array.from({ length: 32 }, (_, i) =>
      i < 16 ? i / 2 - 1 : (31 - i) / 2 - 1,
    );
    assert.deepEqual([...four.values], expected);
    const eight = await gguf.read("eight");
    assert.deepEqual(eight.shape, [1, 32]);
    assert.deepEqual([...eight.values], [...whole.map((x) => 2 * x)]);
  });

  it("lists a tensor of a type that it does not read, and names it", async () => {
    const data = Buffer.alloc(144);
    const gguf = await open(
      ggufOf([], [{ name: "k", axes: [256], type: 12, data }, ones]),
    );
    assert.equal(gguf.tensors.get("k")?.dtype, "Q4_K");
    await assert.rejects(
      gguf.read("k"),
      /^RangeError: openGguf: expected numbers as F32, F16, BF16, Q4_1, Q8_0, got Q4_K, which is not read here \(tensor "k", test\.gguf\)$/,
    );
    assert.deepEqual([...(await gguf.read("ones")).values], [1, 1]);
  });

  it("reads every kind of value, long lists and texts whole", async () => {
    const long = "x".repeat(3_000_000);
    const words = Array.from({ length: 70_000 }, (_, i) => `word number ${i}`);
    const signed = Buffer.alloc(8);
    signed.writeBigInt64LE(-5n);
    const gguf = await open(
      ggufOf([
        ["list", 9, list(8, words.map(text))],
        ["long", 8, text(long)],
        ["true", 7, Buffer.from([1])],
        ["byte", 1, Buffer.from([0xff])],
        ["half", 3, Buffer.from([0xfe, 0xff])],
        ["whole", 11, signed],
        ["large", 10, u64(2n ** 60n)],
        ["twice", 9, list(9, [list(4, [u32(7)]), list(4, [])])],
        ["__proto__", 4, u32(3)],
        ["bom", 8, text("\ufeffa")],
      ]),
    );
    assert.deepEqual(gguf.header?.get("list"), words);
    assert.equal(gguf.header?.get("long"), long);
    const rest = [...gguf.header!].slice(2);
    assert.deepEqual(rest, [
      ["true", true],
      ["byte", -1],
      ["half", -2],
      ["whole", -5],
      ["large", 2n ** 60n],
      ["twice", [[7], []]],
      ["__proto__", 3],
      ["bom", "\ufeffa"],
    ]);
  });

  it("refuses a file that was cut, wherever that was", async () => {
    const whole = fixture("tiny.gguf");
    const places = [...Array(1700).keys()].filter((at) => at % 7 === 0);
    for (const at of [...places, 5000, whole.length - 1]) {
      if (at < 4) continue; // not recognised as GGUF
      await refused(whole.subarray(0, at), /cut short/);
    }
  });

  it("refuses a name that stands twice", async () => {
    await refused(
      ggufOf([field("a", 1), field("a", 2)]),
      /expected each value once, got "a" twice \(test\.gguf\)/,
    );
    await refused(
      ggufOf([], [ones, ones]),
      /expected each tensor once, got "ones" twice/,
    );
  });

  it("refuses tensors that overlap, leave a gap or go on behind the end", async () => {
    const second = { ...ones, name: "second" };
    for (const from of [0, 8, 64]) {
      await refused(
        ggufOf([], [ones, { ...second, from }]),
        /expected tensors one after the other, got one at/,
      );
    }
    await refused(
      Buffer.concat([ggufOf([], [ones]), Buffer.alloc(32)]),
      /what follows the tensors is unknown/,
    );
  });

  it("takes a file whose last tensor is not filled up", async () => {
    const whole = ggufOf([], [ones]);
    const gguf = await open(whole.subarray(0, whole.length - 24));
    assert.deepEqual([...(await gguf.read("ones")).values], [1, 1]);
  });

  it("refuses what no header can hold, before it is made", async () => {
    const start = performance.now();
    const huge = 2n ** 40n;
    await refused(ggufOf([], [], { counts: [10_000_000, 0] }), /cut short/);
    await refused(ggufOf([], [], { counts: [huge, huge] }), /cut short/);
    await refused(ggufOf([], [], { counts: [2n ** 63n, 0] }), /below 2\^53/);
    await refused(
      ggufOf([["a", 8, u64(huge)]]),
      /at most \d+ more bytes of text, got \d+; the file may be cut short/,
    );
    await refused(
      ggufOf([["a", 9, Buffer.concat([u32(0), u64(huge)])]]),
      /at most \d+ more values/,
    );
    const many = [u32(0), u64(5_000_000), Buffer.alloc(5_000_000)];
    await refused(
      ggufOf([["a", 9, Buffer.concat(many)]]),
      /at most 4194304 values in lists/,
    );
    await refused(ggufOf([["a", 13, u32(0)]]), /a kind of value from 0 to 12/);
    await refused(
      ggufOf([["a", 8, Buffer.concat([u64(2), Buffer.from([0xff, 0xfe])])]]),
      /expected text in UTF-8/,
    );
    let deep = list(4, []);
    for (let i = 0; i < 5; i++) deep = list(9, [deep]);
    await refused(ggufOf([["a", 9, deep]]), /4 deep/);
    assert.ok(performance.now() - start < 5000);
  });

  it("names a version, byte order, alignment or type that it does not know", async () => {
    await refused(ggufOf([], [], { version: 1 }), /version 2 or 3, got 1 /);
    await refused(
      ggufOf([], [], { version: 0x03000000 }),
      /got 50331648 \(of another byte order\)/,
    );
    for (const odd of [0, 3, 48]) {
      await refused(
        ggufOf([field("general.alignment", odd)]),
        /general\.alignment as a power of two/,
      );
    }
    await refused(
      ggufOf([], [{ ...ones, type: 99 }]),
      /expected a type that is known here, got type 99 \(tensor "ones"/,
    );
    await refused(
      ggufOf([], [{ ...ones, axes: [1, 1, 1, 1, 2] }]),
      /at most 4 axes, got 5/,
    );
    await refused(
      ggufOf([], [{ ...ones, axes: [33], type: 3, data: Buffer.alloc(40) }]),
      /rows of whole blocks of 32 Q4_1, got shape \[33\]/,
    );
  });

  it("says which tensor is unknown", async () => {
    const gguf = await open(ggufOf([], [ones]));
    await assert.rejects(gguf.read("twos"), /unknown tensor "twos"/);
  });
});
