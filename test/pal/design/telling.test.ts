import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { designDiagram } from "../../../lib/figure/design/diagram.ts";
import type { DesignRow } from "../../../lib/figure/design/rows.ts";
import { paperConfig } from "../../../lib/pal/design/design.ts";
import {
  furtherDesigns,
  paperDesigns,
} from "../../../lib/pal/design/designs.ts";
import { layerPlans } from "../../../lib/pal/design/layer-plan.ts";
import { changesOf, toldDesign } from "../../../lib/pal/design/telling.ts";
import { attentionOnly, baseline } from "../../../lib/pal/design/variant.ts";

const words = { name: "told", title: "Told" };

describe("a design as it is told", () => {
  it("differs from its parent in one field: each hypothesis is one", () => {
    for (const descent of [...paperDesigns, ...furtherDesigns]) {
      const changes = changesOf(descent);
      assert.equal(changes.length, descent.parent ? 1 : 0, changes.join("; "));
    }
    assert.deepEqual(changesOf(paperDesigns[1]), ["fusionLayer: 4"]);
    assert.deepEqual(changesOf(furtherDesigns[2]), [
      "fusionLayer: enters=0, heard=0, until=12",
    ]);
  });

  it("can be drawn, alone and with what it changes", () => {
    const told = paperDesigns.map((descent) => toldDesign(descent, 6));
    assert.equal(told[2].note, "audioPath: attention-only");
    assert.equal(told[0].note, "as in Pengi, LTU and GAMA");
    assert.deepEqual(told[2].layers, layerPlans(told[2], 6));
    designDiagram(told, words);
    const alone = toldDesign(attentionOnly, 16);
    assert.equal(alone.note, "");
    designDiagram([alone], words);
  });

  it("is what a diagram asks for that is given a variant", () => {
    const variants = [baseline] as unknown as DesignRow[];
    assert.throws(
      () => designDiagram(variants, words),
      /got "baseline" without; pal.design.toldDesign\(variant, nLayers\)/,
    );
  });

  it("has the paper's sizes where it is asked for them", () => {
    const { encoders, llama } = paperConfig(attentionOnly);
    assert.equal(llama.name, "llama-3.2-1b");
    assert.deepEqual(
      encoders.map(({ name }) => name),
      ["sslam"],
    );
  });
});
