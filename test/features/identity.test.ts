import assert from "node:assert/strict";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import {
  openEncoder,
  type PretrainedEncoder,
} from "../../lib/encoder/pretrained.ts";
import { hashTensors, identify } from "../../lib/features/identity.ts";
import { idOf } from "../../lib/features/key.ts";
import type { Tensors } from "../../lib/tensor/params.ts";
import { parityFolder, startEngine } from "../encoder/support.ts";
import { sha256 } from "./support.ts";

describe("hashTensors", () => {
  before(startEngine);

  it("follows the numbers, names and shapes, not the order", () => {
    const hashes = tf.tidy(() => {
      const a = tf.tensor1d([1, 2]);
      const b = tf.tensor2d([[3]]);
      const trees: Tensors[] = [
        { a, b },
        { b, a },
        { a: tf.tensor1d([1, 2.0000002]), b },
        { a: tf.tensor2d([[1, 2]]), b },
        { a, c: b },
        { a: [a], b },
      ];
      return trees.map(hashTensors);
    });
    assert.equal(hashes[0], hashes[1]);
    assert.equal(new Set(hashes).size, 5);
  });
});

describe("an encoder's identity", () => {
  before(startEngine);
  const folder = join(parityFolder, "sslam-tiny-short");
  const audio = sha256("a clip");

  const nameOf = (encoder: PretrainedEncoder) =>
    idOf({ audio, ...identify(encoder) }, "float16").toString("hex");

  it("is the same each time it is opened, and leaves no tensor", async () => {
    const names: string[] = [];
    const before = tf.memory().numTensors;
    for (let i = 0; i < 2; i++) {
      const encoder = await openEncoder(folder);
      names.push(nameOf(encoder));
      encoder.dispose();
    }
    assert.equal(names[0], names[1]);
    assert.equal(tf.memory().numTensors, before);
  });

  it("changes with a setting that no weight's shape tells", async () => {
    const encoder = await openEncoder(folder);
    const config = { ...encoder.config, nHeads: 2 } as typeof encoder.config;
    assert.notEqual(nameOf(encoder), nameOf({ ...encoder, config }));
    encoder.dispose();
  });

  it("names the front-end's options, and changes with each", async () => {
    const encoder = await openEncoder(join(parityFolder, "htsat-b"));
    const { settings } = identify(encoder);
    const { name, options } = encoder.frontEnd;
    assert.deepEqual(settings.frontEnd, { name, options });
    assert.deepEqual([name, options.hopLength], ["clap", 480]);
    const frontEnd = { ...encoder.frontEnd, options: { ...options, floor: 1 } };
    assert.notEqual(nameOf(encoder), nameOf({ ...encoder, frontEnd }));
    encoder.dispose();
  });

  // Features that are stored go by these names.
  for (const [fixture, name] of [
    [
      "sslam-tiny-short",
      "8f9e2cc9f1fbad1fd1ed2923f8a47ecda4661e3d2c04fe5530ddd22acfbac7e1",
    ],
    [
      "htsat-b",
      "6803befb1429995049431b8451a01bfbd05b0aa6322af18cd2d631d0f456d43e",
    ],
  ]) {
    it(`is what it was when version 2 of features was first stored (${fixture})`, async () => {
      const encoder = await openEncoder(join(parityFolder, fixture));
      assert.equal(nameOf(encoder), name);
      encoder.dispose();
    });
  }
});
