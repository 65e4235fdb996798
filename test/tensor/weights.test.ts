import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import {
  countParameters,
  namedLeaves,
  type Tensors,
} from "../../lib/tensor/params.ts";
import { random } from "../../lib/tensor/random.ts";
import {
  countWeights,
  filled,
  initWeights,
  normal,
  type WeightTree,
} from "../../lib/tensor/weights.ts";
import { startEngine } from "../use-engine.ts";

describe("a tree of weights", () => {
  before(startEngine);
  const tree: WeightTree = {
    first_DX: normal([3, 4], 0.5),
    layers: [{ scale_D: filled([3], 2) }, { shift_D: normal([3], 1) }],
  };
  const build = () => initWeights(tree, random("weights")) as Tensors;

  it("becomes tensors of its names, shapes and count", () => {
    assert.deepEqual(
      namedLeaves(build()).map(([name, { shape }]) => [name, shape]),
      [
        ["first_DX", [3, 4]],
        ["layers.0.scale_D", [3]],
        ["layers.1.shift_D", [3]],
      ],
    );
    assert.equal(countWeights(tree), 18);
    assert.equal(countParameters(build()), 18);
  });

  it("asks chance in its order, and not for what is filled", () => {
    const chance = random("weights");
    const expected = Array.from({ length: 15 }, (_, i) =>
      Math.fround((i < 12 ? 0.5 : 1) * chance.normal()),
    );
    const [first, scale, shift] = namedLeaves(build()).map(([, leaf]) => [
      ...leaf.dataSync(),
    ]);
    assert.deepEqual([...first, ...shift], expected);
    assert.deepEqual(scale, [2, 2, 2]);
  });
});
