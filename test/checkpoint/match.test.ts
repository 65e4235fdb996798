import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkTensors, renameTensors } from "../../lib/checkpoint/match.ts";
import type { TensorInfo } from "../../lib/checkpoint/safetensors.ts";

const tensors = (shapes: Record<string, number[]>) =>
  new Map<string, TensorInfo>(
    Object.entries(shapes).map(([name, shape]) => [
      name,
      { dtype: "F32", shape },
    ]),
  );

const wanted = new Map<string, number[]>([
  ["blocks.0.norm1.weight", [4]],
  ["blocks.0.norm2.weight", [4]],
  ["head.weight", [2, 4]],
]);

describe("checkTensors", () => {
  it("lists every fault in one error, with the nearest names", () => {
    const found = {
      name: "model.safetensors",
      tensors: tensors({
        "blocks.0.norm_1.weight": [4],
        "blocks.0.norm2.weight": [5],
        "tail.extra.thing": [1],
      }),
    };
    assert.throws(() => checkTensors("loadModel", wanted, found), {
      name: "RangeError",
      message: [
        "loadModel: expected 3 tensors, got 2 missing, 1 of another shape, " +
          "2 extra (model.safetensors)",
        "  missing blocks.0.norm1.weight; nearest: blocks.0.norm_1.weight",
        "  missing head.weight",
        "  shape of blocks.0.norm2.weight: expected [4], got [5]",
        "  extra blocks.0.norm_1.weight",
        "  extra tail.extra.thing",
      ].join("\n"),
    });
  });

  it("says nothing of a checkpoint that has what is wanted", () => {
    const found = tensors(Object.fromEntries(wanted));
    checkTensors("loadModel", wanted, { name: "x", tensors: found });
  });

  it("stays short where a stranger's file has a million tensors", () => {
    const many = new Map<string, TensorInfo>();
    for (let i = 0; i < 1e6; i++)
      many.set(`t.${i}`, { dtype: "F32", shape: [] });
    assert.throws(
      () => checkTensors("loadModel", wanted, { name: "x", tensors: many }),
      ({ message }: Error) =>
        message.endsWith("and 999000 more") && message.length < 20_000,
    );
  });
});

describe("renameTensors", () => {
  const checkpoint = {
    name: "x",
    tensors: tensors({ "a.one": [1], "b.one": [1], "b.two": [2] }),
    read: async () => ({ shape: [], values: new Float32Array() }),
    close: async () => {},
  };

  it("renames, leaves out, and remembers", () => {
    const { originals, tensors } = renameTensors(checkpoint, (name) =>
      name.startsWith("b.") ? name.slice(2) : undefined,
    );
    assert.deepEqual([...tensors.keys()], ["one", "two"]);
    assert.equal(originals.get("one"), "b.one");
  });

  it("refuses two tensors of one name", () => {
    assert.throws(
      () => renameTensors(checkpoint, (name) => name.slice(2)),
      /one tensor for "one", got "a.one" and "b.one" \(x\)/,
    );
  });
});
