import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import type * as tf from "@tensorflow/tfjs";
import { llama32_1b } from "../../lib/llm/config.ts";
import { inverseFrequencies, rotate, rotationOf } from "../../lib/llm/rope.ts";
import { normalMatrix } from "../../lib/tensor/layers.ts";
import { random } from "../../lib/tensor/random.ts";
import { assertClose, distance } from "../close.ts";
import { startEngine } from "../use-engine.ts";

const config = { headWidth: 8, rope: { theta: 10_000 } };
const vector = (name: string) =>
  normalMatrix(random(name), [1, 8], 1).reshape<tf.Tensor4D>([1, 1, 1, 8]);
const at = (position: number) => rotationOf([position], config);
const product = (a: tf.Tensor4D, b: tf.Tensor4D) => a.mul(b).sum();

describe("rope", () => {
  before(startEngine);

  it("has Llama 3.2's frequencies on all three branches", () => {
    // Hugging Face transformers, modeling_rope_utils.py, for head width 64.
    const known = new Map([
      [0, 1],
      [1, 0.6636012377],
      [14, 3.211445995e-3],
      [15, 1.290547928e-3],
      [16, 4.295567966e-4],
      [17, 9.708287803e-5],
      [31, 9.418306725e-8],
    ]);
    const angles = inverseFrequencies(64, llama32_1b.rope);
    for (const [k, angle] of known) {
      assert.ok(Math.abs(angles[k] / angle - 1) < 1e-6, `frequency ${k}`);
    }
  });

  it("turns the first position by nothing", () => {
    assertClose(rotate(vector("x"), at(0)), vector("x"), { atol: 0 });
  });

  it("keeps lengths", () => {
    const turned = rotate(vector("x"), at(17));
    assert.ok(distance(turned, vector("x")) > 0.1);
    assertClose(product(turned, turned), product(vector("x"), vector("x")));
  });

  it("lets a score depend on the distance alone", () => {
    const score = (asker: number, answerer: number) =>
      product(
        rotate(vector("q"), at(asker)),
        rotate(vector("k"), at(answerer)),
      );
    assertClose(score(9, 4), score(25, 20), { atol: 1e-5 });
    assert.ok(distance(score(9, 4), score(9, 3)) > 1e-3);
  });
});
