import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { Screen } from "../../lib/display/kernel.ts";
import { type WatchedRun, watchRun } from "../../lib/display/watch-run.ts";
import { cellScreen, temporaryFolder, textScreen } from "./screens.ts";

const root = temporaryFolder();
const plotly = "application/vnd.plotly.v1+json";
const run: WatchedRun = {
  design: "baseline",
  seed: 2,
  name: "loss",
  title: "The loss falls",
};

/** A training of `steps` steps, a second each, its screen given time to draw. */
async function train(
  screen: Screen,
  {
    folder,
    steps,
    told = run,
    from = 0,
    until = () => true,
  }: {
    readonly folder: string;
    readonly steps: number;
    readonly told?: WatchedRun;
    readonly from?: number;
    /** What the screen shows after a step; the next one waits for it. */
    readonly until?: (step: number) => boolean;
  },
) {
  let time = 0;
  const now = () => time;
  const watch = watchRun(told, { folder, screen, every: 10, now });
  for (let step = from + 1; step <= steps; step++) {
    time += 1000;
    watch.onStep({ step, steps, loss: 4 / step });
    for (let turns = 0; !until(step) && turns < 1e6; turns++) await turn();
    assert.ok(until(step), `the screen after step ${step}`);
  }
  return watch;
}

const isCurve = ({ bundle }: { bundle: { data: object } }) =>
  plotly in bundle.data;

/** How far the steps of a published curve go. */
function lastStep(bundle: {
  readonly data: Readonly<Record<string, unknown>>;
}) {
  const { layout } = bundle.data[plotly] as {
    layout: { xaxis: { range: [number, number] } };
  };
  return layout.xaxis.range[1];
}

describe("watchRun in a cell", () => {
  it("draws again in one display, no more often than asked", async () => {
    const folder = join(root, "cell");
    const { published, screen } = cellScreen();
    const drawn = () => published.filter(isCurve);
    // A drawing that is due appears before the next step; none else does.
    const until = (step: number) => drawn().length === Math.floor(step / 10);
    const watch = await train(screen, { folder, steps: 25, until });
    assert.throws(() => readdirSync(folder), { code: "ENOENT" });
    await watch.end();
    const curves = drawn();
    assert.deepEqual(
      curves.map(({ update }) => update),
      [false, true, true],
    );
    const ids = curves.map(({ bundle }) => bundle.transient?.display_id);
    assert.equal(new Set(ids).size, 1);
    assert.ok(ids[0]);
    const lasts = curves.map(({ bundle }) => lastStep(bundle));
    assert.deepEqual(lasts, [10, 20, 25]);
    assert.deepEqual(readdirSync(folder).toSorted(), [
      "loss.json",
      "loss.png",
      "loss.svg",
    ]);
  });

  it("has a bar of its own, which leaves a line", async () => {
    const folder = join(root, "bar");
    const { published, screen } = cellScreen();
    const watch = await train(screen, { folder, steps: 3 });
    await watch.end();
    const [bar, ...others] = published.filter((each) => !isCurve(each));
    assert.equal(bar.update, false);
    assert.deepEqual(others.at(-2)?.bundle.data, {
      "text/plain": "baseline, seed 2: 3 of 3 in 2.0 s (1.5/s)",
    });
  });

  it("says what the curve shows below it, not in its place", async () => {
    const folder = join(root, "words");
    const { published, screen } = cellScreen();
    const watch = await train(screen, { folder, steps: 3 });
    await watch.end();
    const words = published.at(-1);
    assert.match(String(words?.bundle.data["text/html"]), /in words.*baseline/);
    assert.equal(words?.update, false);
    assert.equal(words?.bundle.transient, undefined);
    assert.ok(isCurve(published.at(-2)!));
  });

  it("tells at its end what no drawing could show, with the cause", async () => {
    const folder = join(root, "fault");
    const { screen } = cellScreen();
    const cause = new Error("no screen");
    let isTold = false;
    const publish: Screen["publish"] = (bundle, update) => {
      if (isCurve({ bundle }) && !isTold) {
        isTold = true;
        throw cause;
      }
      screen.publish?.(bundle, update);
    };
    const until = (step: number) => step < 10 || isTold;
    const broken = { ...screen, publish };
    const watch = await train(broken, { folder, steps: 12, until });
    await assert.rejects(watch.end(), {
      message: 'watchRun: expected a figure to be drawn, got "no screen"',
      cause,
    });
    assert.equal(readdirSync(folder).length, 3); // The figure is kept.
  });

  it("draws less often where a drawing takes long", async () => {
    let time = 0;
    const drawnAt: number[] = [];
    const { screen } = cellScreen();
    const publish: Screen["publish"] = (bundle, update) => {
      if (isCurve({ bundle })) {
        drawnAt.push(time / 1000);
        time += 3000;
      }
      screen.publish?.(bundle, update);
    };
    const watch = watchRun(run, {
      folder: join(root, "slow"),
      screen: { ...screen, publish },
      now: () => time,
    });
    for (let step = 1; step <= 100; step++) {
      time += 1000;
      const isDue = step === 10 || time === 73_000;
      const before = drawnAt.length;
      watch.onStep({ step, steps: 100, loss: 1 });
      while (isDue && drawnAt.length === before) await turn();
      await turn();
    }
    await watch.end();
    // Three seconds each, and twenty times that until the next.
    assert.deepEqual(drawnAt, [10, 73, 106]);
  });
});

describe("watchRun in a terminal", () => {
  it("has the bar with the loss, and stores the figure", async () => {
    const folder = join(root, "terminal");
    const { screen, written } = textScreen(120);
    const watch = await train(screen, { folder, steps: 4 });
    await watch.end();
    assert.match(written[2], /baseline, seed 2 .* 3\/4 .* loss 1\.333$/);
    assert.match(written.at(-2)!, /baseline, seed 2: 4 of 4 in 3\.0 s/);
    assert.match(written.at(-1)!, /^Figure: The loss falls\n/);
  });

  it("counts what is left of a run that goes on, and draws it whole", async () => {
    const folder = join(root, "on");
    const { screen, written } = textScreen(120);
    const row = { design: "baseline", seed: 2, step: 1, value: 4 };
    const told = { ...run, before: [row, { ...row, step: 2, value: 2 }] };
    const watch = await train(screen, { folder, steps: 4, from: 2, told });
    await watch.end();
    assert.match(written.at(-2)!, /from step 2: 2 of 2 in/);
    const { data } = JSON.parse(
      readFileSync(join(folder, "loss.json"), "utf8"),
    );
    assert.deepEqual(data[0].x, [1, 2, 3, 4]);
    assert.deepEqual(data[0].y, [4, 2, 1.3333, 1]);
  });

  it("shows no figure of a run that told no loss", async () => {
    const folder = join(root, "none");
    const { screen, written } = textScreen(120);
    const watch = watchRun(run, { folder, screen });
    watch.onStep({ step: 1, steps: 2 });
    await watch.end();
    await watch.end();
    assert.match(written.at(-1)!, /baseline, seed 2: 1 of 2 in/);
    assert.throws(() => readdirSync(folder), { code: "ENOENT" });
    assert.throws(
      () => watch.onStep({ step: 2, steps: 2 }),
      /watchRun: expected no step after the end, got 2 \(loss\)/,
    );
  });
});
