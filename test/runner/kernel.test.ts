import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import {
  freeConnection,
  writeConnectionFile,
} from "../../notebooks/runner/connection.ts";
import type { ErrorOutput } from "../../notebooks/runner/format.ts";
import { type Kernel, startKernel } from "../../notebooks/runner/kernel.ts";
import { KernelDied } from "../../notebooks/runner/kernel-process.ts";
import { languageInfo } from "../../notebooks/runner/lint.ts";
import { temporaryFolder } from "../temporary.ts";
import { isAlive, kernelOptions, root, runCode, stdoutOf } from "./support.ts";

// Other tests start kernels too: theirs are not to be counted here.
process.env.TMPDIR = temporaryFolder();

const connectionFolders = () =>
  readdirSync(tmpdir()).filter((name) => name.startsWith("pal-lab-kernel-"));

async function until(what: () => boolean, seconds = 5): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  while (!what() && performance.now() < deadline) await wait(20);
  assert.ok(what(), `not so after ${seconds} s: ${what}`);
}

describe("writeConnectionFile", () => {
  it("lets only its owner read the key, and removes all it made", async () => {
    const connection = await freeConnection("pal-lab");
    const file = writeConnectionFile(connection);
    assert.equal(statSync(file.path).mode & 0o777, 0o600);
    file.remove();
    assert.ok(!existsSync(join(file.path, "..")));
    const { control_port, hb_port, iopub_port, shell_port, stdin_port } =
      connection;
    const ports = [control_port, hb_port, iopub_port, shell_port, stdin_port];
    assert.equal(new Set(ports).size, 5);
  });
});

describe("startKernel", () => {
  it("says what the kernel last wrote when it does not start", async () => {
    const script = 'console.error("no such luck"); process.exit(4)';
    const command = [process.execPath, "-e", script];
    await assert.rejects(
      startKernel({ ...kernelOptions, command }),
      /did not start: the kernel died \(exit code 4\)\nno such luck$/,
    );
  });

  it("ends a kernel that does not answer in time", async () => {
    const command = [process.execPath, "-e", "setInterval(() => {}, 1000)"];
    await assert.rejects(
      startKernel({ ...kernelOptions, command, secondsToStart: 0.5 }),
      /expected an answer within 0\.5 s, got none/,
    );
  });

  it("refuses a program that is not there", async () => {
    const command = [join(root, "no-such-program")];
    await assert.rejects(startKernel({ ...kernelOptions, command }), /ENOENT/);
  });
});

describe("a kernel that is interrupted", () => {
  let kernel: Kernel;
  before(async () => {
    kernel = await startKernel(kernelOptions);
  });
  after(() => kernel.stop());

  async function interruptAfter(code: string, ms = 300) {
    const running = runCode(kernel, code);
    await wait(ms);
    kernel.interrupt();
    return running;
  }

  it("answers with the language that notebooks store", () => {
    assert.deepEqual(kernel.info.language_info, languageInfo);
  });

  it("stops a loop that never yields, and keeps its state", async () => {
    await runCode(kernel, "let kept = 41;");
    const { outputs, status } = await interruptAfter("while (true) kept = 42;");
    assert.equal(status, "error");
    assert.equal((outputs[0] as ErrorOutput).ename, "Interrupted");
    assert.equal(stdoutOf((await runCode(kernel, "kept")).outputs), "42\n");
  });

  it("stops waiting for a loop that does not listen", async () => {
    const { outputs, status } = await interruptAfter(
      "while (!(globalThis as any).enough) await new Promise((r) => setTimeout(r, 5));",
    );
    assert.equal(status, "error");
    assert.equal(
      (outputs[0] as ErrorOutput).evalue,
      "the cell was interrupted",
    );
    await runCode(kernel, "(globalThis as any).enough = true;");
  });

  it("says that the library's loops were stopped, and no path", async () => {
    const file = join(root, "lib", "dist", "session", "interrupt.js");
    const { outputs } = await interruptAfter(`
      const stop = require(${JSON.stringify(file)}).interruptSignal();
      for (;;) { stop.throwIfAborted(); await new Promise((r) => setImmediate(r)); }
    `);
    const error = outputs[0] as ErrorOutput;
    assert.equal(error.ename, "Interrupted");
    assert.match(error.evalue, /got Ctrl-C or the stop button; run it again/);
    assert.deepEqual(error.traceback, [`Interrupted: ${error.evalue}`]);
  });

  it("lets a loop that listens end in its own way", async () => {
    const { outputs, status } = await interruptAfter(`
      let stop = false;
      let steps = 0;
      process.once("SIGINT", () => { stop = true; });
      while (!stop) { steps++; await new Promise((r) => setImmediate(r)); }
      await new Promise((r) => setTimeout(r, 100));
      console.log("stopped");
    `);
    assert.deepEqual([status, stdoutOf(outputs)], ["ok", "stopped\n"]);
    const { outputs: next } = await runCode(kernel, "steps > 0");
    assert.equal(stdoutOf(next), "true\n");
  });

  it("stops a loop that listens but goes on, at the second interrupt", async () => {
    const code = `
      process.once("SIGINT", () => console.log("heard"));
      process.on("SIGINT", () => {});
      await new Promise(() => {});
    `;
    const running = interruptAfter(code);
    await wait(500);
    kernel.interrupt();
    const { outputs, status } = await running;
    assert.deepEqual([status, stdoutOf(outputs)], ["error", "heard\n"]);
  });
});

describe("the end of a kernel", () => {
  it("rejects the running request with exit code or signal", async () => {
    for (const [code, words] of [
      ["process.exit(3)", /exit code 3/],
      ['process.kill(process.pid, "SIGKILL"); while (true);', /signal SIGKILL/],
    ] as const) {
      const kernel = await startKernel(kernelOptions);
      await assert.rejects(runCode(kernel, code), (error) => {
        assert.ok(error instanceof KernelDied);
        assert.match(error.message, words);
        return true;
      });
      await assert.rejects(runCode(kernel, "1"), KernelDied);
      await kernel.stop();
    }
  });

  it("takes along what the kernel started, and its connection file", async () => {
    const before = connectionFolders();
    const kernel = await startKernel(kernelOptions);
    const { outputs } = await runCode(
      kernel,
      'require("node:child_process").spawn("sleep", ["60"]).pid',
    );
    assert.equal(connectionFolders().length, before.length + 1);
    await kernel.stop();
    await until(() => !isAlive(Number(stdoutOf(outputs))));
    assert.ok(!isAlive(kernel.pid));
    assert.deepEqual(connectionFolders(), before);
  });

  it("comes soon though a cell left a timer running", async () => {
    const kernel = await startKernel(kernelOptions);
    await runCode(kernel, "setInterval(() => {}, 1000);");
    const begin = performance.now();
    await kernel.stop();
    assert.ok(performance.now() - begin < 2500);
  });

  it("comes with the end of the program that started it, even killed", async () => {
    const before = connectionFolders();
    const script = `
      import { startKernel } from "./notebooks/runner/kernel.ts";
      const kernel = await startKernel(${JSON.stringify(kernelOptions)});
      console.log(kernel.pid);
      setInterval(() => {}, 1000);
    `;
    const program = spawn(
      process.execPath,
      ["--import", "tsx", "--input-type=module", "-e", script],
      { cwd: root, stdio: ["ignore", "pipe", "inherit"] },
    );
    const pid = Number(
      await new Promise((r) => program.stdout.once("data", r)),
    );
    assert.ok(isAlive(pid));
    program.kill("SIGKILL");
    await until(() => !isAlive(pid));
    assert.deepEqual(connectionFolders(), before);
  });
});
