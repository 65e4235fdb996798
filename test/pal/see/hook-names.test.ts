import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hookName, selectHooks } from "../../../lib/pal/see/hook-names.ts";

const known = [0, 1].flatMap((layer) =>
  [
    "hook_resid_pre",
    "attn.hook_pattern",
    "mlp.hook_post",
    "hook_resid_post",
  ].map((hook) => `blocks.${layer}.${hook}`),
);

describe("selectHooks", () => {
  it("takes names, patterns, tests and lists of them, in the run's order", () => {
    const patterns = [
      "blocks.0.attn.hook_pattern",
      "blocks.1.attn.hook_pattern",
    ];
    assert.deepEqual(
      selectHooks(known, "blocks.*.attn.hook_pattern"),
      patterns,
    );
    assert.deepEqual(selectHooks(known, /pattern$/g), patterns);
    assert.deepEqual(
      selectHooks(known, (name) => name.endsWith("pattern")),
      patterns,
    );
    assert.deepEqual(selectHooks(known, [patterns[1], patterns[0]]), patterns);
  });

  it("does not take a dot for any letter", () => {
    assert.throws(() => selectHooks(known, "blocks*mlp?hook_post"), RangeError);
  });

  it("finds the nearest name by its letters, where parts are as near", () => {
    assert.throws(
      () => selectHooks(known, "blocks.1.attn.hook_patern"),
      /near: blocks.1.attn.hook_pattern$/,
    );
  });

  it("refuses each name that means nothing, with the nearest one", () => {
    const right = "blocks.0.hook_resid_pre";
    assert.throws(
      () => selectHooks(known, [right, "blocks.0.hook_resid_pos"]),
      {
        name: "RangeError",
        message:
          "selectHooks: expected a name among 8 hooks, got " +
          "blocks.0.hook_resid_pos; near: blocks.0.hook_resid_post",
      },
    );
  });
});

describe("hookName", () => {
  it("finds a short name in its layer, counted from either end", () => {
    assert.equal(hookName(known, "resid_post", -1), "blocks.1.hook_resid_post");
    assert.equal(hookName(known, "pattern", 0), "blocks.0.attn.hook_pattern");
    assert.equal(hookName(known, "hook_post", 1), "blocks.1.mlp.hook_post");
    assert.equal(hookName(known, "hook_in", 1), "blocks.1.hook_resid_pre");
    assert.equal(hookName(known, "hook_out", 0), "blocks.0.hook_resid_post");
  });

  it("refuses a layer that is not there", () => {
    assert.throws(() => hookName(known, "resid_post", 2), {
      name: "RangeError",
      message:
        "hookName: expected a layer in 0..1, or from the end in -2..-1, " +
        'got 2 ("resid_post")',
    });
  });
});
