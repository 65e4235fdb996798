import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { say } from "../../lib/display/say.ts";

describe("say", () => {
  it("cuts a sha256 short, and leaves all else", (t) => {
    const { mock } = t.mock.method(console, "log", () => {});
    const hash = "0123456789abcdef".repeat(4);
    say(`step-7-${hash}.safetensors is damaged, ${hash}0 is no hash`);
    assert.deepEqual(
      mock.calls.map(({ arguments: [line] }) => line),
      [`step-7-01234567.safetensors is damaged, ${hash}0 is no hash`],
    );
  });
});
