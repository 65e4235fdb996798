import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Example } from "../../lib/data/example.ts";
import { listSource } from "../../lib/data/list.ts";

const examples = Array.from(
  { length: 5 },
  (_, i): Example => ({
    id: `${i}`,
    audio: `sound ${i}`,
    question: "what do you hear ?",
    answer: "a bell .",
    task: "name",
    set: "train",
  }),
);
const ids = (rows: readonly Example[]) => rows.map(({ id }) => id);

describe("listSource", () => {
  it("gives every example once an epoch, each epoch in another order", async () => {
    const source = listSource(examples, { seed: 1 });
    const epochs = await Promise.all(
      [0, 5, 10].map(async (from) => ids(await source.take(from, 5))),
    );
    for (const epoch of epochs) {
      assert.deepEqual([...epoch].sort(), ["0", "1", "2", "3", "4"]);
    }
    assert.equal(new Set(epochs.map((epoch) => epoch.join())).size, 3);
  });

  it("goes on from any place as if it had never stopped", async () => {
    const whole = await listSource(examples, { seed: 2 }).take(0, 23);
    const resumed = await listSource(examples, { seed: 2 }).take(9, 14);
    assert.deepEqual(resumed, whole.slice(9));
  });

  it("has another order for another seed", async () => {
    const order = async (seed: number) =>
      ids(await listSource(examples, { seed }).take(0, 20));
    assert.deepEqual(await order(1), await order(1));
    assert.notDeepEqual(await order(1), await order(2));
  });

  it("refuses an empty list and a place before the first", async () => {
    assert.throws(() => listSource([], { seed: 1 }), {
      name: "RangeError",
      message: "listSource: expected examples, got none",
    });
    await assert.rejects(listSource(examples, { seed: 1 }).take(-3, 1), {
      message:
        "take: expected whole numbers from 0, got place -3 and 1 examples",
    });
  });
});
