import assert from "node:assert/strict";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { type Machine, newMachine } from "./fake-machine.ts";

const posix = process.platform === "linux" || process.platform === "darwin";

describe("set-up that is stopped while npm ci runs", {
  skip: !posix && "the stand-ins are shell scripts",
}, () => {
  let machine: Machine;
  beforeEach(() => {
    machine = newMachine();
    machine.fault("npm-slow");
  });
  afterEach(() => machine.remove());
  const modules = () => join(machine.root, "node_modules");

  async function continues(line?: RegExp): Promise<void> {
    machine.fault("npm-slow", false);
    const { code, text } = await machine.run();
    assert.equal(code, 0, text);
    assert.doesNotMatch(text, /ENOTEMPTY/);
    assert.match(text, /ok {2}npm packages +installed/);
    if (line) assert.match(text, line);
    assert.ok(!existsSync(join(modules(), "p1")), "node_modules is half-made");
  }

  /** Set-up from its first npm ci on, stopped `ms` after that. */
  const stop = (options: Parameters<Machine["run"]>[0], ms = 0) =>
    machine.run({
      ...options,
      interruptAt: async () => {
        await machine.until("npm-began");
        await wait(ms);
      },
    });

  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    for (const ms of [0, 150]) {
      it(`ends npm and leaves nothing half-made: ${signal}, ${ms} ms`, async () => {
        const { code, text } = await stop({ signal }, ms);
        assert.equal(code, { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[signal]);
        assert.match(text, /Nothing is half-made: npm run setup continues/);
        assert.ok(!machine.npmRuns());
        assert.ok(!existsSync(modules()));
        await continues();
      });
    }
  }

  it("ends an npm that takes no signal", async () => {
    machine.fault("npm-deaf");
    const { code } = await stop({ signal: "SIGTERM" });
    assert.equal(code, 143);
    assert.ok(!machine.npmRuns());
    assert.ok(!existsSync(modules()));
  });

  it("does the same when the npm that started it is killed", async () => {
    await stop({ byNpm: true, signal: "SIGKILL" });
    const deadline = performance.now() + 8000;
    while (existsSync(modules()) && performance.now() < deadline)
      await wait(50);
    assert.ok(!machine.npmRuns());
    assert.ok(!existsSync(modules()));
    await continues();
  });

  for (const ms of [0, 150]) {
    it(`is cleared up after by the next one when killed, after ${ms} ms`, async () => {
      await stop({ signal: "SIGKILL" }, ms);
      assert.ok(machine.npmRuns());
      await continues(/npm ci of a set-up that was killed still ran .*ended/);
      assert.ok(!machine.npmRuns());
    });
  }

  it("waits for another set-up that runs here", async () => {
    const first = stop({ signal: "SIGTERM" }, 700);
    await machine.until("npm-began");
    const second = machine.run({
      interruptAt: async () => {
        await first;
        machine.fault("npm-slow", false);
        await new Promise(() => {}); // it is not stopped
      },
    });
    const { code, text } = await second;
    assert.equal(code, 0, text);
    assert.match(text, /another set-up runs here \(process \d+\): waiting/);
    assert.equal((await first).code, 143);
  });

  it("says that it clears what a kill left half-made", async () => {
    mkdirSync(join(modules(), "p1"), { recursive: true });
    await continues(/node_modules was half-made: it is cleared/);
  });
});

describe("set-up without a home", { skip: !posix }, () => {
  it("says within seconds that npm's folder cannot be had", async () => {
    const machine = newMachine();
    writeFileSync(join(machine.root, "file"), "");
    const homes = [join(machine.root, "file", "home")];
    if (process.platform === "linux") homes.push("/proc/nowhere/home");
    for (const HOME of homes) {
      const begin = performance.now();
      const { code, text } = await machine.run({ env: { HOME } });
      assert.equal(code, 1);
      assert.ok(performance.now() - begin < 5000);
      assert.ok(text.includes(`can be written, got ${HOME}/.npm (E`), text);
      assert.match(text, /\nRemedy: set HOME to a folder of yours/);
    }
    machine.remove();
    rmSync(machine.root, { recursive: true, force: true });
  });
});
