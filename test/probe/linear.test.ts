import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { probe } from "../../lib/probe/linear.ts";
import { random } from "../../lib/tensor/random.ts";
import { startEngine } from "../use-engine.ts";

/** Rows around a middle of their class; classes are `apart` from each other. */
function rows(name: string, n: number, apart: number) {
  const chance = random("probe", name);
  const width = 6;
  const labels = Array.from({ length: n }, (_, i) => i % 3);
  const features = Float32Array.from(
    { length: n * width },
    (_, i) =>
      chance.normal() +
      (i % width === labels[Math.floor(i / width)] ? apart : 0),
  );
  return { features, labels, width };
}

describe("probe", () => {
  before(startEngine);

  it("tells classes that lie apart, and not those that do not", () => {
    const far = probe(rows("a", 300, 6), rows("b", 150, 6));
    assert.ok(far.accuracy > 0.97);
    const none = probe(rows("a", 300, 0), rows("b", 150, 0));
    assert.ok(Math.abs(none.accuracy - 1 / 3) < 0.15);
    assert.deepEqual(
      [far.nTrain, far.nTest, far.nClasses, far.majority],
      [300, 150, 3, 1 / 3],
    );
  });

  it("does not depend on the features' scale", () => {
    const scaled = (one: ReturnType<typeof rows>) => ({
      ...one,
      features: one.features.map((x) => 1000 * x + 5),
    });
    const [train, test] = [rows("a", 300, 1), rows("b", 150, 1)];
    assert.equal(
      probe(scaled(train), scaled(test)).accuracy,
      probe(train, test).accuracy,
    );
  });

  it("refuses empty sets, other widths and unknown classes", () => {
    const train = rows("a", 30, 1);
    const none = { features: new Float32Array(0), labels: [], width: 6 };
    assert.throws(() => probe(none, train), /expected 0 rows .*at least one/);
    const strange = { ...train, labels: train.labels.map((x) => x + 1) };
    assert.throws(() => probe(train, strange), /and class 3/);
  });
});
