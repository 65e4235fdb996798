import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { atDepth, fusedLayers } from "../../lib/pal/layer-plan.ts";
import {
  attentionOnly,
  baseline,
  delayedFusion,
  multiEncoder,
  sharedConnector,
  type Variant,
} from "../../lib/pal/variant.ts";

describe("the paper's designs", () => {
  for (const [from, to] of [
    [baseline, delayedFusion],
    [delayedFusion, attentionOnly],
    [attentionOnly, multiEncoder],
    [attentionOnly, sharedConnector],
  ]) {
    it(`${to.name} changes one field of ${from.name}`, () => {
      const changed = Object.entries(to).filter(
        ([key, value]) =>
          key !== "name" && value !== from[key as keyof Variant],
      );
      assert.equal(changed.length, 1);
    });
  }

  it("hear audio once, or in every layer from the fifth on", () => {
    assert.deepEqual(fusedLayers(baseline, 16), [0]);
    assert.deepEqual(fusedLayers(delayedFusion, 16), [4]);
    const layers = fusedLayers(attentionOnly, 16);
    assert.deepEqual([layers.length, layers[0], layers.at(-1)], [12, 4, 15]);
  });

  it("keep the paper's share of text-only layers at another depth", () => {
    assert.equal(atDepth(delayedFusion, 16).fusionLayer, 4);
    assert.equal(atDepth(delayedFusion, 6).fusionLayer, 2);
    assert.equal(atDepth(baseline, 6).fusionLayer, 0);
  });

  it("refuse to begin after the last layer", () => {
    assert.throws(() => fusedLayers(delayedFusion, 3), {
      name: "RangeError",
      message:
        "fusedLayers: expected fusionLayer in 0..2, got 4 " +
        '(variant "delayed-fusion")',
    });
  });
});
