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

  it("names the front-end's options", async () => {
    const encoder = await openEncoder(join(parityFolder, "htsat-b"));
    const { settings } = identify(encoder);
    const frontEnd = settings.frontEnd as Record<string, unknown>;
    const options = frontEnd.options as Record<string, unknown>;
    assert.deepEqual([frontEnd.name, options.hopLength], ["clap", 480]);
    const strange = { ...encoder.frontEnd, name: "mine" };
    assert.throws(() => identify({ ...encoder, frontEnd: strange }), {
      message: 'identify: unknown front-end "mine"; known: sslam, clap',
    });
    encoder.dispose();
  });
});
