import assert from "node:assert/strict";
import { it } from "node:test";
import * as proto from "../../lib/files/proto.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

// The worked examples of the Protocol Buffers encoding guide.
it("encodes a whole number, a text and a message as the guide does", () => {
  assert.equal(hex(proto.integer(1, 150)), "089601");
  assert.equal(hex(proto.text(2, "testing")), "120774657374696e67");
  const inner = [proto.integer(1, 150)];
  assert.equal(hex(proto.message(3, inner)), "1a03089601");
  assert.equal(hex(proto.integers(6, [3, 270, 86942])), "3206038e029ea705");
});

it("encodes -1 in ten bytes, a truth value in one, floats in four and eight", () => {
  assert.equal(hex(proto.integer(1, -1)), `08${"ff".repeat(9)}01`);
  assert.equal(hex(proto.integer(5, true)), "2801");
  assert.equal(hex(proto.float(4, 1)), "250000803f");
  assert.equal(hex(proto.double(1, 1)), "09000000000000f03f");
});
