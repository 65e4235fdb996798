import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nearestName } from "../../lib/metric/nearest-name.ts";

describe("nearestName", () => {
  it("finds the name with most parts in common, or none", () => {
    const names = ["layers.3.mlp.fc1.bias", "layers.3.mlp.fc2.bias"];
    assert.equal(nearestName("layers.3.mlp.fc2.weight", names), names[1]);
    assert.equal(nearestName("embedding.table", names), undefined);
  });
});
