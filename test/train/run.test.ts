import assert from "node:assert/strict";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { delayedFusion } from "../../lib/pal/design/variant.ts";
import { train } from "../../lib/world/train.ts";
import { allSoundfonts } from "../soundfonts.ts";
import { watchWorkers } from "../threads/workers.ts";
import { startEngine } from "../use-engine.ts";

const workers = watchWorkers();
const root = mkdtempSync(join(tmpdir(), "pal-run-"));
after(() => rmSync(root, { recursive: true }));

describe("a design's run through the stages", () => {
  before(startEngine);
  const said: string[] = [];
  const optionsOf = (name: string, seed = 1, nWorkers = 1) => ({
    nWorkers,
    folder: join(root, name),
    scale: "smoke" as const,
    seed,
    soundfonts: allSoundfonts(),
    report: (line: string) => said.push(line),
  });

  it("stopped in each stage it ends with the bytes of one that was not", async () => {
    const alone = optionsOf("whole", 1, 0);
    const whole = await train(delayedFusion, [1, 2, 3], alone);
    const asked = said.filter((line) => /when their step asks/.test(line));
    assert.equal(asked.length, 3);
    assert.equal(workers().started, 0);
    let path = "";
    for (let i = 0; i < 9 && path === ""; i++) {
      const stop = new AbortController();
      let taken = 0;
      const onStep = () => {
        taken++;
        if (taken === 3) stop.abort(new Error("enough"));
      };
      const threads = optionsOf("parts", 1, i % 3);
      const options = { ...threads, signal: stop.signal, onStep };
      try {
        path = await train(delayedFusion, [1, 2, 3], options);
      } catch (error) {
        assert.match((error as Error).message, /the same command goes on/);
      }
      assert.equal(workers().running, 0);
    }
    assert.ok(
      said.some((line) => /stage \d: .* in 2 worker threads/.test(line)),
    );
    assert.deepEqual(readFileSync(path), readFileSync(whole));
    assert.ok(said.some((line) => /goes on after step 3/.test(line)));
  });

  it("uses the checkpoint before a damaged one, and names it", async () => {
    const folder = join(root, "whole", "stage-3");
    const wanted = readFileSync(join(root, "whole", "weights.safetensors"));
    for (const name of readdirSync(folder)) {
      if (name.startsWith("weights")) rmSync(join(folder, name));
      if (name.startsWith("step-000000008")) {
        truncateSync(join(folder, name), 5_000);
      }
    }
    said.length = 0;
    const path = await train(delayedFusion, [1, 2, 3], optionsOf("whole"));
    assert.ok(said.some((line) => /000000008.* is damaged/.test(line)));
    assert.ok(said.some((line) => /goes on after step 6/.test(line)));
    assert.deepEqual(readFileSync(path), wanted);
  });

  it("refuses another seed, a stage without the one before, cut weights", async () => {
    await assert.rejects(train(delayedFusion, [3], optionsOf("whole", 2)), {
      name: "RangeError",
      message: /expected a run with seed 2, got 1 .*choose another folder/,
    });
    await assert.rejects(train(delayedFusion, [2], optionsOf("new")), {
      message: /expected the weights of stage 1 for stage 2, got none/,
    });
    const folder = join(root, "whole", "stage-3");
    const [name] = readdirSync(folder).filter((one) => /^weights/.test(one));
    truncateSync(join(folder, name), 5_000);
    await assert.rejects(train(delayedFusion, [3], optionsOf("whole")), {
      message: /expected whole weights, got a damaged file .*remove it/,
    });
  });

  it("refuses a folder in which another run is at work", async () => {
    const first = train(delayedFusion, [1], optionsOf("busy"));
    const second = train(delayedFusion, [1], optionsOf("busy"));
    const ends = await Promise.allSettled([first, second]);
    const refused = ends.filter((end) => end.status === "rejected");
    assert.equal(refused.length, 1);
    assert.match(`${refused[0].reason}`, /another process trains; wait/);
  });
});
