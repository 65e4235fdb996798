import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { familyBytes, familyOf, idOf } from "../../lib/features/key.ts";
import { keyOf, sha256 } from "./support.ts";

const key = keyOf("a clip");

describe("an entry's name", () => {
  it("does not depend on the order of settings", () => {
    const settings = { crop: [0, 10], frontEnd: { name: "test", hop: 160 } };
    assert.deepEqual(
      idOf({ settings, weights: key.weights, audio: key.audio }, "float16"),
      idOf(key, "float16"),
    );
  });

  it("changes with everything that decides the features", () => {
    const keys = [
      key,
      { ...key, audio: sha256("another") },
      { ...key, weights: sha256("others") },
      { ...key, settings: { ...key.settings, crop: [1, 10] } },
    ];
    const names = [
      ...keys.map((one) => idOf(one, "float16").toString("hex")),
      idOf(key, "float32").toString("hex"),
    ];
    assert.equal(new Set(names).size, 5);
  });

  it("begins with the encoder's part, for any sound", () => {
    const family = familyOf(key, "float32");
    const start = idOf(keyOf("b"), "float32").subarray(0, familyBytes);
    assert.deepEqual(start, family);
  });

  it("needs hashes", () => {
    assert.throws(() => idOf({ ...key, audio: "clip.wav" }, "float16"), {
      name: "RangeError",
      message:
        "FeatureKey: expected audio to be a SHA-256 of 64 hex digits, " +
        'got "clip.wav"',
    });
  });
});
