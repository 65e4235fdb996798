import assert from "node:assert/strict";
import { describe, it } from "node:test";

const { choose, lineOf } = await import(
  // Plain JavaScript, which set-up needs before anything is installed.
  "../../scripts/setup/measure.mjs" as string
);

describe("the choice of oneDNN", () => {
  it("is what is faster over both sizes", () => {
    const on = { 0: [40, 480], 1: [38, 420] };
    assert.deepEqual(choose(on), { TF_ENABLE_ONEDNN_OPTS: "1" });
    const off = { 0: [30, 400], 1: [38, 420] };
    assert.deepEqual(choose(off), { TF_ENABLE_ONEDNN_OPTS: "0" });
  });

  it("is left to TensorFlow where the gain may be noise", () => {
    assert.deepEqual(choose({ 0: [40, 400], 1: [41, 385] }), {});
  });

  it("is told with its times", () => {
    const fastest = { 0: [40.2, 480], 1: [38, 419.6] };
    assert.equal(
      lineOf({ chosen: choose(fastest), fastest }),
      "oneDNN on: steps of 1 and 7 million parameters took 40 and 480 ms " +
        "without it, 38 and 420 ms with it",
    );
  });
});
