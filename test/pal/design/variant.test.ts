import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  designNamed,
  furtherDesigns,
  paperDesigns,
} from "../../../lib/pal/design/designs.ts";
import {
  atDepth,
  countOutputs,
  fusedLayers,
  layerPlans,
} from "../../../lib/pal/design/layer-plan.ts";
import {
  attentionOnly,
  baseline,
  delayedFusion,
  type Variant,
} from "../../../lib/pal/design/variant.ts";

const all = [...paperDesigns, ...furtherDesigns];

describe("designs", () => {
  for (const { parent, variant } of all) {
    if (!parent) continue;
    it(`${variant.name} changes one field of ${parent.name}`, () => {
      const changed = Object.entries(variant).filter(
        ([key, value]) =>
          key !== "name" && value !== parent[key as keyof Variant],
      );
      assert.equal(changed.length, 1);
    });
  }

  it("have names of their own, by which they are found", () => {
    assert.equal(new Set(all.map(({ variant }) => variant.name)).size, 12);
    assert.equal(designNamed("raw-audio").name, "raw-audio");
    assert.throws(() => designNamed("delayd-fusion"), {
      name: "RangeError",
      message:
        /^designNamed: unknown design "delayd-fusion"; known: baseline, /,
    });
  });

  it("hear audio once, or in every layer from the fifth on", () => {
    assert.deepEqual(fusedLayers(baseline, 16), [0]);
    assert.deepEqual(fusedLayers(delayedFusion, 16), [4]);
    const layers = fusedLayers(attentionOnly, 16);
    assert.deepEqual([layers.length, layers[0], layers.at(-1)], [12, 4, 15]);
  });

  it("have a projection for each layer that gets tokens of its own", () => {
    const outputs = (name: string) =>
      countOutputs(layerPlans(designNamed(name), 16));
    assert.deepEqual(
      ["baseline", "attention-only", "shared-connector"].map(outputs),
      [1, 12, 12],
    );
    assert.deepEqual(
      ["shared-projection", "raw-audio", "summary-hybrid"].map(outputs),
      [1, 1, 12],
    );
  });
});

describe("atDepth", () => {
  it("keeps the paper's share of text-only layers", () => {
    assert.equal(atDepth(delayedFusion, 16).fusionLayer, 4);
    assert.equal(atDepth(delayedFusion, 6).fusionLayer, 2);
    assert.equal(atDepth(baseline, 6).fusionLayer, 0);
  });

  it("makes a design of every design, at any depth", () => {
    const layers = Array.from({ length: 16 }, (_, layer) => layer);
    const spans = layers.flatMap((enters) =>
      layers.flatMap((heard) => [
        { enters, heard },
        ...layers
          .map((layer) => layer + 1)
          .filter((until) => until > Math.max(enters, heard))
          .map((until) => ({ enters, heard, until })),
      ]),
    );
    for (const nLayers of [1, 2, 3, 6, 7, 16, 32]) {
      for (const fusionLayer of [...layers, ...spans]) {
        const variant = atDepth({ ...baseline, fusionLayer }, nLayers);
        const plans = layerPlans(variant, nLayers);
        const hears = plans.some(({ textHears }) => textHears);
        assert.ok(hears, JSON.stringify([fusionLayer, nLayers]));
      }
    }
  });

  it("refuses in the numbers that were written", () => {
    const late = { ...delayedFusion, fusionLayer: 16 };
    assert.throws(() => atDepth(late, 6), /fusionLayer in 0\.\.15, got 16/);
  });

  it("keeps a window as long as delayed fusion's layers, at any depth", () => {
    for (const nLayers of [2, 4, 5, 6, 7, 8, 12, 13, 16, 32]) {
      const [window, delayed] = ["early-window", "delayed-fusion"].map((name) =>
        layerPlans(atDepth(designNamed(name), nLayers), nLayers),
      );
      const heard = (plans: typeof window) =>
        plans.filter(({ textHears }) => textHears).length;
      assert.equal(heard(window), heard(delayed), `${nLayers} layers`);
    }
  });
});

describe("layerPlans", () => {
  const refuses = (changes: Partial<Variant>, message: string) =>
    assert.throws(
      () => layerPlans({ ...attentionOnly, name: "x", ...changes }, 16),
      { name: "RangeError", message: `layerPlans: ${message} (variant "x")` },
    );

  it("refuses to begin or end outside the model", () => {
    refuses({ fusionLayer: 16 }, "expected fusionLayer in 0..15, got 16");
    refuses({ fusionLayer: 1.5 }, "expected fusionLayer in 0..15, got 1.5");
    refuses(
      { fusionLayer: { enters: 4, heard: 4, until: 4 } },
      "expected until in 5..16, got 4",
    );
    refuses(
      { fusionLayer: { enters: -1, heard: 0 } },
      "expected enters, heard in 0..15, got -1",
    );
  });

  it("refuses values that no design has", () => {
    const paths =
      "attention+ffn, attention-only, ffn-skipped, { summaryTokens }, { part }";
    for (const [audioPath, got] of [
      ["attention-onyl", "attention-onyl"],
      [{ summaryTokes: 8 }, "{ summaryTokes }"],
    ] as const) {
      refuses(
        { audioPath } as never,
        `unknown audioPath "${got}"; known: ${paths}`,
      );
    }
    refuses(
      { connector: "seperate" } as never,
      'unknown connector "seperate"; ' +
        "known: separate, shared, shared-projection, wide",
    );
  });

  it("refuses fields that contradict each other", () => {
    refuses(
      { fusionLayer: { enters: 0, heard: 4 } },
      "expected one layer for enters and heard, got 0 and 4",
    );
    refuses(
      { connector: "wide" },
      'expected a path with one connector for "wide", got "attention-only"',
    );
  });
});
