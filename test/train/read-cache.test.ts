import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { readText } from "../../lib/pal/run/audio-llm.ts";
import { openReadCache } from "../../lib/train/read-cache.ts";
import { assertClose, distance } from "../close.ts";
import { configOf, design, modelOf, textOf } from "../pal/support.ts";
import { startEngine } from "../use-engine.ts";

const config = configOf(design("delayed-fusion"));
const rows = [
  [1, 2, 3, 4],
  [1, 2, 5, 6],
];

describe("a read cache", () => {
  before(startEngine);

  it("gives what the layers before the fusion layer make of a text", () => {
    const { llama } = modelOf(config.variant);
    const cache = openReadCache(config);
    const expected = readText(llama, textOf(rows), config);
    // Read by a graph, which joins operations: last bits may differ.
    assertClose(cache.read(llama, textOf(rows))!, expected);
    const turned = cache.read(llama, textOf([rows[1], rows[0]]))!;
    assertClose(turned.slice([0], [1]), expected.slice([1], [1]));
    cache.dispose();
  });

  it("does not read again what it has read", () => {
    const { llama } = modelOf(config.variant);
    const cache = openReadCache(config);
    const first = cache.read(llama, textOf(rows))!;
    // Another model's weights show whether they are looked at.
    const other = { ...llama, embedding_VD: tf.zerosLike(llama.embedding_VD) };
    assertClose(cache.read(other, textOf(rows))!, first, { atol: 0 });
    const unknown = cache.read(other, textOf([[7, 7, 7, 7], rows[0]]))!;
    assert.ok(distance(unknown.slice([1], [1]), first.slice([0], [1])) > 0.1);
    cache.dispose();
  });

  it("forgets the oldest rows where they take too much", () => {
    const { llama } = modelOf(config.variant);
    const limitBytes = 4 * 16 * 4 * 2; // two rows
    const cache = openReadCache(config, { limitBytes });
    const other = { ...llama, embedding_VD: tf.zerosLike(llama.embedding_VD) };
    const [one, two, three] = [rows[0], rows[1], [9, 9, 9, 9]];
    for (const row of [one, two, three]) cache.read(llama, textOf([row]));
    const isKept = (row: number[]) =>
      cache
        .read(other, textOf([row]))!
        .abs()
        .max()
        .dataSync()[0] > 0;
    assert.deepEqual([two, three].map(isKept), [true, true]);
    assert.equal(isKept(one), false);
    cache.dispose();
  });

  it("has nothing to keep where audio is heard at once", () => {
    const base = configOf(design("baseline"));
    const cache = openReadCache(base);
    const { llama } = modelOf(base.variant);
    assert.equal(cache.read(llama, textOf(rows)), undefined);
    cache.dispose();
  });
});
