import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { withLock } from "../../lib/files/lock.ts";

describe("withLock", () => {
  let folder = "";
  let path = "";
  let log = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "pal-lock-"));
    path = join(folder, ".lock");
    log = join(folder, "log");
    writeFileSync(log, "");
  });
  afterEach(() => rm(folder, { recursive: true }));

  const said = () => readFileSync(log, "utf8").split("\n").slice(0, -1);

  /** A process that takes the lock so many times; once stands for a minute. */
  const child = (turns: number) =>
    spawn(
      process.execPath,
      [
        ...["--import", "tsx", join(import.meta.dirname, "lock-child.ts")],
        ...[path, log, String(turns)],
      ],
      { stdio: "inherit" },
    );

  it("lets one process in at a time, and leaves no file", async () => {
    const children = [child(20), child(20), child(20)];
    const ends = await Promise.all(children.map((one) => once(one, "exit")));
    assert.deepEqual(ends, [
      [0, null],
      [0, null],
      [0, null],
    ]);
    const words = said();
    assert.equal(words.length, 2 * 3 * 20);
    for (let i = 0; i < words.length; i += 2) {
      assert.equal(words[i + 1], words[i].replace("in", "out"));
    }
    assert.ok(!existsSync(path));
  });

  it("is free as soon as its holder is killed", async () => {
    const holder = child(1);
    while (said().length === 0) await sleep(20);
    let isWaiting = false;
    const taken = withLock(path, async () => isWaiting, {
      onWait: () => {
        isWaiting = true;
        holder.kill("SIGKILL");
      },
    });
    const late = AbortSignal.timeout(5000);
    const [given] = await Promise.all([
      Promise.race([taken, once(late, "abort")]),
      once(holder, "exit"),
    ]);
    assert.equal(given, true);
  });

  it("is free again after work that failed", async () => {
    const fail = () => Promise.reject(new Error("no"));
    await assert.rejects(withLock(path, fail), /^Error: no$/);
    assert.equal(await withLock(path, async () => 7), 7);
    assert.ok(!existsSync(path));
  });
});
