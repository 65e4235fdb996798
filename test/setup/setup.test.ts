import assert from "node:assert/strict";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { type Machine, newMachine } from "./fake-machine.ts";

const posix = process.platform === "linux" || process.platform === "darwin";

describe("set-up", {
  skip: !posix && "the stand-ins are shell scripts",
}, () => {
  let machine: Machine;
  beforeEach(() => {
    machine = newMachine();
  });
  afterEach(() => machine.remove());

  it("does everything once and nothing the second time", async () => {
    const first = await machine.run();
    assert.equal(first.code, 0, first.text);
    assert.match(first.text, /ok {2}npm packages +installed/);
    assert.match(first.text, /ok {2}engine +tensorflow: TensorFlow 9\.9/);
    const calls = machine.calls();
    const second = await machine.run();
    assert.equal(second.code, 0, second.text);
    assert.deepEqual(machine.calls(), calls);
    assert.match(second.text, /ok {2}npm packages +up to date/);
  });

  it("says what is missing and its remedy where Python is absent", async () => {
    machine.without("python3");
    const { code, text } = await machine.run();
    assert.equal(code, 0, text);
    assert.match(text, /TensorFlow passed over; webgpu or wasm will serve/);
    assert.match(text, /because no Python 3 with pip/);
    assert.match(text, /remedy: .*apt-get install python3 python3-pip/);
  });

  it("refuses an engine asked for by name that cannot be had", async () => {
    machine.fault("pip-down");
    const { code, text } = await machine.run({
      env: { PAL_ENGINE: "tensorflow" },
    });
    assert.equal(code, 1, text);
    assert.match(text, /pip could not download TensorFlow/);
    assert.match(text, /Remedy: check that pip reaches its index/);
  });

  it("goes on without TensorFlow where pip reaches nothing", async () => {
    machine.fault("pip-down");
    const { code, text } = await machine.run();
    assert.equal(code, 0, text);
    assert.match(text, /because pip could not download TensorFlow/);
    machine.fault("pip-down", false);
    const mended = await machine.run();
    assert.match(mended.text, /ok {2}engine +tensorflow: TensorFlow 9\.9/);
  });

  it("says so where no compiler is found, and keeps the download", async () => {
    machine.without("c++");
    const { text } = await machine.run();
    assert.match(text, /because no C\+\+ compiler/);
    assert.match(text, /remedy: install one \(Debian: apt-get install g\+\+\)/);
    assert.equal(
      machine.calls().filter((it) => it === "pip download").length,
      1,
    );
  });

  it("keeps nothing of a wheel that does not unpack", async () => {
    machine.fault("wheel-broken");
    const { text } = await machine.run();
    assert.match(text, /TensorFlow passed over/);
    const site = join(
      ...[machine.root, ".pal", "engine", "tensorflow-cpu-2.21.0", "site"],
    );
    assert.ok(!existsSync(site));
    machine.fault("wheel-broken", false);
    assert.match((await machine.run()).text, /tensorflow: TensorFlow 9\.9/);
  });

  it("does not take a half-built binding for whole", async () => {
    machine.fault("cxx-fails");
    assert.match((await machine.run()).text, /TensorFlow passed over/);
    machine.fault("cxx-fails", false);
    const { text } = await machine.run();
    assert.match(text, /tensorflow: TensorFlow 9\.9/);
    assert.equal(
      machine.calls().filter((it) => it === "pip download").length,
      1,
    );
  });

  it("throws away a binding that does not load", async () => {
    machine.fault("binding-broken");
    assert.match((await machine.run()).text, /undefined symbol/);
    machine.fault("binding-broken", false);
    assert.match((await machine.run()).text, /tensorflow: TensorFlow 9\.9/);
  });

  it("mends a link that was taken away", async () => {
    await machine.run();
    const link = join(
      ...[machine.root, "node_modules", "@tensorflow", "tfjs-node"],
      ...["lib", "napi-v8", "tfjs_binding.node"],
    );
    rmSync(link);
    const { text } = await machine.run();
    assert.match(text, /tensorflow: TensorFlow 9\.9/);
    assert.ok(existsSync(link));
  });

  it("stops at once on Ctrl-C and continues afterwards", async () => {
    machine.fault("pip-slow");
    const began = join(machine.root, "..", "faults", "pip-began");
    const stopped = await machine.run({
      interruptAt: async () => {
        while (!existsSync(began)) await wait(20);
      },
    });
    assert.equal(stopped.code, 130, stopped.text);
    assert.match(stopped.text, /Interrupted\..* npm run setup continues/);
    machine.fault("pip-slow", false);
    const { code, text } = await machine.run();
    assert.equal(code, 0, text);
    assert.match(text, /npm packages +up to date/);
    assert.match(text, /tensorflow: TensorFlow 9\.9/);
  });

  it("fails with npm's last lines where npm reaches nothing", async () => {
    machine.fault("npm-down");
    const { code, text } = await machine.run();
    assert.equal(code, 1);
    assert.match(text, /npm error network/);
    assert.match(text, /Remedy: check that npm reaches its registry/);
  });

  it("compiles again when a source changed", async () => {
    await machine.run();
    writeFileSync(join(machine.root, "lib", "more.ts"), "export {};");
    assert.match((await machine.run()).text, /library +3 files compiled/);
  });
});
