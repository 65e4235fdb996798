import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { canonicalJson, type Plain } from "../../lib/files/plain.ts";

describe("canonicalJson", () => {
  it("does not depend on the order of names", () => {
    const value = { b: [1, { d: null, c: "x" }], a: true };
    assert.equal(canonicalJson(value), '{"a":true,"b":[1,{"c":"x","d":null}]}');
  });

  for (const value of [Number.NaN, Infinity, undefined, () => 0, 1n]) {
    it(`refuses ${String(value)}, which JSON would turn into another`, () => {
      assert.throws(() => canonicalJson({ a: value as Plain }), {
        name: "TypeError",
        message: /^canonicalJson: expected what JSON can hold, got /,
      });
    });
  }
});
