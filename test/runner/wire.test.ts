import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  fromFrames,
  request,
  signatureOf,
  toFrames,
} from "../../notebooks/runner/wire.ts";

const buffers = (frames: readonly string[]) =>
  frames.map((frame) => Buffer.from(frame));

describe("signatureOf", () => {
  it("gives the HMAC-SHA256 of RFC 4231, test case 2", () => {
    assert.equal(
      signatureOf("Jefe", ["what do ya want ", "for nothing?"]),
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    );
  });
});

describe("toFrames and fromFrames", () => {
  it("give back any message, whatever identities stand before it", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.array(fc.string({ maxLength: 8 }), { maxLength: 3 }),
        fc.string(),
        (content, identities, key) => {
          const sent = request("execute_request", content, "s");
          const frames = buffers([...identities, ...toFrames(sent, key)]);
          const received = fromFrames(frames, key);
          const asJson = JSON.parse(JSON.stringify(sent));
          assert.deepEqual(JSON.parse(JSON.stringify(received)), asJson);
        },
      ),
    );
  });

  it("put delimiter, signature, header, parent, metadata, content", () => {
    const sent = request("kernel_info_request", { a: 1 }, "s");
    const [delimiter, signature, header, parent, metadata, content] = toFrames(
      sent,
      "key",
    );
    assert.equal(delimiter, "<IDS|MSG>");
    assert.match(signature, /^[0-9a-f]{64}$/);
    assert.equal(JSON.parse(header).version, "5.3");
    assert.deepEqual([parent, metadata, content], ["{}", "{}", '{"a":1}']);
  });

  it("refuse a message whose content was changed on the way", () => {
    const frames = buffers(toFrames(request("x", { n: 1 }, "s"), "key"));
    frames[5] = Buffer.from('{"n":2}');
    assert.throws(() => fromFrames(frames, "key"), /got another signature/);
  });

  it("refuse a message signed with another key, or cut short", () => {
    const frames = buffers(toFrames(request("x", {}, "s"), "key"));
    assert.throws(() => fromFrames(frames, "other"), /another signature/);
    assert.throws(
      () => fromFrames(frames.slice(0, 5), "key"),
      /expected 4 frames after the signature, got 3/,
    );
    assert.throws(() => fromFrames(frames.slice(1), "key"), /delimiter/);
  });
});
