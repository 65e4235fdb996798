import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { readMetrics } from "../../lib/runlog/metrics.ts";
import { readRun } from "../../lib/runlog/record.ts";
import { random } from "../../lib/tensor/random.ts";
import { killed, steps, undisturbed } from "./kills.ts";

const folder = mkdtempSync(join(tmpdir(), "pal-kills-"));
after(() => rmSync(folder, { recursive: true }));

/** A log without what differs from run to run: times and memory. */
function linesOf(run: string) {
  const lines = readMetrics(join(run, "metrics.jsonl"));
  return lines.map(({ gradientNorms, loss, rate, step }) => ({
    ...{ gradientNorms, loss, rate, step },
  }));
}

describe("a run that is killed", () => {
  it("ends with the weights, to the byte, and the log of one that was not: 20 kills", async () => {
    const [whole, broken] = [join(folder, "whole"), join(folder, "killed")];
    const wanted = await undisturbed(whole);
    const chance = random("kills");
    const moment = () => chance.uniform(0, 30);
    const { said, sha256 } = await killed(broken, {
      n: 20,
      moment,
    });
    assert.equal(sha256, wanted);
    const resumed = said.filter((one) => one.includes("goes on after step"));
    assert.ok(resumed.length > 5, `${resumed.length} went on`);
    const midway = resumed.filter(
      (one) => !one.includes(`goes on after step ${steps}`),
    );
    assert.ok(midway.length > 5, `${midway.length} midway`);
    assert.deepEqual(linesOf(broken), linesOf(whole));
    assert.equal(readRun(join(broken, "run.json")).outcome, "done");
  });
});
