import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { attention } from "../../../lib/llm/attention.ts";
import type { Part } from "../../../lib/llm/part.ts";
import { designOf } from "../../../lib/pal/design/design.ts";
import { configOf, design, designs } from "../support.ts";

describe("designOf", () => {
  it("resolves a config once", () => {
    const config = configOf(design("wide-connector"));
    assert.equal(designOf(config), designOf(config));
    assert.notEqual(designOf({ ...config }), designOf(config));
  });

  it("gives each layer the language model's parts", () => {
    for (const variant of designs) {
      const { layers } = designOf(configOf(variant));
      for (const { parts } of layers) {
        assert.deepEqual(
          parts.map(({ name }) => name),
          ["attention", "ffn"],
        );
      }
    }
  });

  it("knows how many cross-attentions and projections a design has", () => {
    const counts = (name: string) => {
      const { connector } = designOf(configOf(design(name)));
      return [connector.nCrossAttentions, connector.nProjections];
    };
    // Four layers, of which three are fused.
    assert.deepEqual(counts("baseline"), [1, 1]);
    assert.deepEqual(counts("attention-only"), [3, 3]);
    assert.deepEqual(counts("shared-connector"), [1, 3]);
    assert.deepEqual(counts("shared-projection"), [1, 1]);
    assert.deepEqual(counts("wide-connector"), [1, 1]);
    assert.deepEqual(counts("summary-hybrid"), [3, 3]);
  });

  it("refuses parts that would overwrite each other's tensors", () => {
    const variant = {
      ...design("attention-only"),
      name: "twice",
      audioPath: { part: attention as Part },
    };
    assert.throws(() => designOf(configOf(variant)), {
      name: "RangeError",
      message:
        "designOf: expected parts with names of their own, got attnNorm_D " +
        'twice (variant "twice")',
    });
  });
});
