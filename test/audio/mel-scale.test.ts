import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bandEdges, htk, slaney } from "../../lib/audio/mel-scale.ts";

describe("mel scales", () => {
  it("know their fixed points", () => {
    // HTK Book 5.4; Slaney's Auditory Toolbox: 200/3 Hz a step up to 1 kHz,
    // then 27 steps to 6.4 kHz.
    assert.ok(Math.abs(htk.melOf(1000) - 1000) < 0.1);
    assert.equal(slaney.melOf(500), 7.5);
    assert.equal(slaney.melOf(1000), 15);
    assert.ok(Math.abs(slaney.melOf(6400) - 42) < 1e-12);
  });

  it("come back", () => {
    for (const { hzOf, melOf } of [htk, slaney]) {
      for (const hz of [0, 30, 999, 1001, 4321, 16_000]) {
        assert.ok(Math.abs(hzOf(melOf(hz)) - hz) < 1e-6);
      }
    }
  });

  it("divide a range into bands that are even in mel", () => {
    const range = { nBands: 64, lowest: 50, highest: 14_000 };
    for (const scale of [htk, slaney]) {
      const edges = bandEdges(scale, range);
      assert.equal(edges.length, 66);
      assert.ok(Math.abs(edges[0] - 50) < 1e-9);
      assert.ok(Math.abs(edges[65] - 14_000) < 1e-8);
      const steps = edges.map((hz) => scale.melOf(hz));
      const step = steps[1] - steps[0];
      for (let i = 1; i < steps.length; i++) {
        assert.ok(Math.abs(steps[i] - steps[i - 1] - step) < 1e-9);
      }
    }
  });
});
