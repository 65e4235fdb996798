import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openGridBar } from "../../lib/cli/grid-bar.ts";
import { attentionOnly, baseline } from "../../lib/pal/design/variant.ts";
import { gridRuns } from "../../lib/train/grid/grid.ts";
import { textScreen } from "../display/screens.ts";

const grid = { designs: [baseline, attentionOnly], seeds: [1] };
const [first, second] = gridRuns(grid, "/grid");
const left = new Map([
  [first, new Map([[1, 2]])],
  [second, new Map([[1, 2]])],
]);
const told = (step: number) => ({
  ...{ stage: 1, step, steps: 2, loss: 1.5, seconds: 1 },
  ...{ learningRate: 0, gradientNorms: {}, tokens: 0, waitMs: 0 },
});

describe("the bar of a grid", () => {
  it("counts the steps of all runs, known by their folders", () => {
    const { screen, written } = textScreen();
    const bar = openGridBar(left, 1, screen);
    assert.deepEqual(written, [], "nothing before a run begins");
    bar.onBegin({ ...first });
    bar.onStep({ ...first }, told(1));
    bar.onStep({ ...first }, told(2));
    bar.onEnd({ run: first, state: "done" });
    bar.onEnd({ run: second, state: "done" });
    bar.done();
    assert.match(written[0], /^grid {2}\S+ {2}1\/4 {2}25 % .* left {2}/);
    assert.match(written[0], /left {2}baseline, seed 1, stage 1: 1\.500\n$/);
    assert.match(written.at(-1) ?? "", /^grid: 4 of 4 in /);
  });

  it("gives way to a line in a terminal, and to none before it is there", () => {
    const { screen, written } = textScreen(80);
    const bar = openGridBar(left, 1, screen);
    bar.report("before");
    bar.onBegin(first);
    bar.report("while");
    bar.done();
    assert.equal(written[0], "before\n");
    assert.ok(written[1].startsWith("\r\x1b[Kgrid  "), written[1]);
    assert.equal(written[2], "\r\x1b[Kwhile\n");
  });

  it("does not count the steps of a run that failed", () => {
    const { screen, written } = textScreen();
    const bar = openGridBar(left, 1, screen);
    bar.onBegin(first);
    bar.onEnd({ run: first, state: "failed", error: new Error("no") });
    bar.onBegin(second);
    bar.onStep(second, told(2));
    bar.done();
    assert.match(written.at(-1) ?? "", /^grid: 2 of 4 in /);
  });
});
