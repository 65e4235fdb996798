import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { portable } from "../../lib/engine/numerics.ts";
import { tensorflowHere } from "./tensorflow-here.ts";

const script = join(import.meta.dirname, "portable-run.ts");

/** What this process's own engine has set is not the user's word. */
const clean = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !(name in portable)),
);

/** Runs on the named cores and nothing else. */
function runOn(cores: string, env: Record<string, string> = {}) {
  const args = ["-c", cores, process.execPath, "--import", "tsx", script];
  const { status, stderr, stdout } = spawnSync(
    "taskset",
    [...args, "portable"],
    { encoding: "utf8", env: { ...clean, ...env } },
  );
  return { status, stderr, line: stdout.trim().split("\n").at(-1) ?? "" };
}

const hasTaskset = spawnSync("taskset", ["--version"]).status === 0;
const here = await tensorflowHere();
const skip =
  here.skip ||
  (!hasTaskset && "taskset is not here") ||
  (availableParallelism() < 2 && "one core alone");

describe("a portable run", { skip }, () => {
  it("gives the same bytes on one core and on two", () => {
    const [one, two] = [runOn("0"), runOn("0,1")];
    assert.equal(one.status, 0, one.stderr);
    assert.match(one.line, /"isPortable":true/);
    assert.equal(one.line, two.line);
  });

  it("is refused where its settings were set otherwise by hand", () => {
    const { status, stderr } = runOn("0,1", { TF_NUM_INTRAOP_THREADS: "3" });
    assert.equal(status, 1);
    assert.match(stderr, /expected portable results, got tensorflow without/);
  });
});
