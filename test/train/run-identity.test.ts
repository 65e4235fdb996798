import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { hashOf, type Identity } from "../../lib/train/run/identity.ts";
import { runTraining } from "../../lib/train/run/run-training.ts";
import type { RunOptions } from "../../lib/train/run/steps.ts";
import { saveWeights, weightsBy } from "../../lib/train/run/weights.ts";
import { temporaryFolder } from "../temporary.ts";
import { startEngine } from "../use-engine.ts";
import { filesIn } from "./files-in.ts";
import { tinyIdentity, tinyOptions, tinyTraining } from "./tiny-run.ts";

const root = temporaryFolder();

/** A run of other steps, so that one that is taken goes on. */
const run = (folder: string, changes: Partial<RunOptions> = {}, steps = 4) => {
  const options = tinyOptions(folder, changes);
  const { identity } = options;
  return runTraining(tinyTraining(steps), options, (params) =>
    saveWeights(folder, params, identity),
  );
};

/** Each field, as another run could have it. */
const others: readonly (readonly [Partial<Identity>, RegExp])[] = [
  [{ design: "net-2" }, /with design net-2, got net /],
  [{ stage: "tuning" }, /with stage tuning, got tiny /],
  [{ scale: "lab" }, /with scale lab, got tiny /],
  [{ seed: 2 }, /with seed 2, got 1 /],
  [{ library: "0.0.1" }, /with library version 0\.0\.1, got 0 /],
  [{ manifest: "new" }, /with data whose hash is new, got a manifest /],
  [{ config: "wide" }, /with settings whose hash is wide, got sizes /],
  [{ start: "x" }, /with starting weights whose hash is x, got weights /],
];

describe("a folder of another run", () => {
  before(startEngine);

  it("has every field of an identity among these tests", () => {
    const fields = others.flatMap(([other]) => Object.keys(other));
    assert.deepEqual(fields.sort(), Object.keys(tinyIdentity).sort());
  });

  for (const [other, message] of others) {
    const [field] = Object.keys(other);
    const identity = { ...tinyIdentity, ...other };
    const refused = {
      name: "RangeError",
      message: new RegExp(
        `expected a run ${message.source}.*; go on with what it was begun ` +
          "with, or choose another folder",
      ),
    };

    it(`is refused by ${field} while it is trained, and stays as it was`, async () => {
      const folder = join(root, `half-${field}`);
      await run(folder);
      const names = Object.keys(filesIn(folder));
      const weights = names.find((name) => name.startsWith("weights"));
      rmSync(join(folder, weights!));
      const before = filesIn(folder);
      await assert.rejects(run(folder, { identity }, 8), refused);
      assert.deepEqual(filesIn(folder), before);
      // The checkpoint alone says so, too.
      rmSync(join(folder, "run.json"));
      const rest = filesIn(folder);
      await assert.rejects(run(folder, { identity }, 8), refused);
      assert.deepEqual(filesIn(folder), rest);
    });

    it(`is refused by ${field} when it is done, with and without a record`, async () => {
      const folder = join(root, `done-${field}`);
      await run(folder);
      const before = filesIn(folder);
      const place = { ...tinyOptions(folder), identity };
      await assert.rejects(weightsBy(place, { steps: 4 }), refused);
      assert.deepEqual(filesIn(folder), before);
      rmSync(join(folder, "run.json"));
      await assert.rejects(weightsBy(place, { steps: 4 }), refused);
    });
  }

  it("is refused by the setting that differs, by its name", async () => {
    const folder = join(root, "settings");
    const begun = { batch: { perDevice: 4, accumulation: 2 } };
    const of = (settings: RunOptions["settings"]) => ({
      settings,
      identity: { ...tinyIdentity, config: hashOf(settings) },
    });
    await run(folder, of(begun));
    const cases = [
      [{ batch: { perDevice: 2, accumulation: 4 } }, "perDevice 2, got 4"],
      [{ batch: { perDevice: 4 } }, "accumulation none, got 2"],
      [{ batch: [4, 2] }, "0 4, got none"],
    ] as const;
    for (const [settings, what] of cases) {
      await assert.rejects(run(folder, of(settings), 8), {
        name: "RangeError",
        message: new RegExp(`expected a run with batch\\.${what} .*run\\.json`),
      });
    }
    const turned = { batch: { accumulation: 2, perDevice: 4 } };
    await run(folder, of(turned));
  });
});
