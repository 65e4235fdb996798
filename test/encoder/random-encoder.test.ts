import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { randomEncoder } from "../../lib/encoder/random-encoder.ts";
import { random } from "../../lib/tensor/random.ts";
import { startEngine } from "../use-engine.ts";

const noise = (sampleRate: number) => {
  const chance = random("noise");
  return Float32Array.from({ length: sampleRate }, () =>
    chance.uniform(-0.5, 0.5),
  );
};

const grids = {
  sslam: [64, 8],
  clap: [32, 2],
  aisfx: [54, 12],
  musicnn: [626, 1],
} as const;

for (const name of ["sslam", "clap", "aisfx", "musicnn"] as const) {
  describe(`randomEncoder(${name})`, () => {
    before(startEngine);

    it("cuts the published network's grid", async () => {
      const { dispose, grid } = await randomEncoder(name, 1);
      dispose();
      assert.deepEqual([grid.steps, grid.bands], grids[name]);
    });

    it("is the same from the same seed only", async () => {
      const encode = async (seed: number) => {
        const encoder = await randomEncoder(name, seed);
        const features = encoder.encode(noise(encoder.sampleRate));
        encoder.dispose();
        return features;
      };
      const first = await encode(1);
      assert.deepEqual(await encode(1), first);
      assert.notDeepEqual(await encode(2), first);
      assert.ok(first.every(Number.isFinite));
    });

    it("tells sound from silence", async () => {
      const encoder = await randomEncoder(name, 1);
      const loud = encoder.encode(noise(encoder.sampleRate));
      const silent = encoder.encode(new Float32Array(encoder.sampleRate));
      encoder.dispose();
      const apart = loud.some((x, i) => Math.abs(x - silent[i]) > 0.1);
      assert.ok(apart);
    });

    it("leaves nothing in memory once it is freed", async () => {
      const before = tf.memory().numTensors;
      const encoder = await randomEncoder(name, 1);
      encoder.encode(noise(encoder.sampleRate));
      encoder.dispose();
      assert.equal(tf.memory().numTensors, before);
    });
  });
}
