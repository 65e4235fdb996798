import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { nativeBackend } from "../../lib/engine/graph/binding.ts";
import { runOnDevice } from "../../lib/engine/graph/run-on-device.ts";
import {
  hasNvidiaDevice,
  startTensorflowGpu,
} from "../../lib/engine/tensorflow-gpu.ts";
import { isSoftware } from "../../lib/engine/webgpu.ts";
import { tensorflowHere } from "./tensorflow-here.ts";

/** Runs a program of its own, as a process has one engine; gives its output. */
function inProcess(program: string): string {
  const from = JSON.stringify(
    new URL("../../lib/engine/engine.ts", import.meta.url),
  );
  const source = `import { currentEngine, useEngine } from ${from};\n${program}`;
  const folder = mkdtempSync(join(import.meta.dirname, "program-"));
  try {
    const file = join(folder, "program.mts");
    writeFileSync(file, source);
    const args = ["--import", "tsx", file];
    const env = { ...process.env, VK_ICD_FILENAMES: "", VK_DRIVER_FILES: "" };
    return spawnSync(process.execPath, args, { encoding: "utf8", env }).stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("useEngine", () => {
  it("refuses an unknown name with the known ones", () => {
    const out = inProcess(
      'await useEngine("cuda").catch((e) => console.log(String(e)));',
    );
    assert.equal(
      out,
      'RangeError: useEngine: unknown engine "cuda"; known: auto, ' +
        "tensorflow-gpu, tensorflow, webgpu, wasm\n",
    );
  });

  it("gives the same engine again and refuses another", () => {
    const out = inProcess(`
      const [a, b] = await Promise.all([useEngine("wasm"), useEngine("wasm")]);
      console.log(a === b, a === currentEngine(), a.name, a.compiles);
      console.log((await useEngine("auto")) === a);
      await useEngine("tensorflow").catch((e) => console.log(e.message));
    `);
    assert.equal(
      out,
      "true true wasm false\ntrue\n" +
        'useEngine: expected "wasm", which this process already uses, got ' +
        '"tensorflow"; start a new process (or kernel) for another engine\n',
    );
  });

  it("chooses in one line and says why better engines were passed over", () => {
    const out = inProcess('await useEngine("auto");');
    const [line, ...rest] = out.trimEnd().split("\n");
    assert.deepEqual(rest, []);
    assert.match(line, /^engine: (tensorflow-gpu|tensorflow|webgpu|wasm) \(/);
    const ladder = ["tensorflow-gpu", "tensorflow", "webgpu", "wasm"];
    const chosen = ladder.indexOf(line.split(" ")[1]);
    for (const better of ladder.slice(0, chosen)) {
      assert.ok(line.includes(`; not ${better}: `), `${better} in: ${line}`);
    }
  });

  it("takes the line of auto where it is asked to", () => {
    const out = inProcess(
      'await useEngine("auto", { report: (line) => console.log("> " + line) });',
    );
    assert.match(out, /^> engine: [^\n]*\n$/);
  });
});

describe("tensorflow-gpu", () => {
  it("looks for a device file of its own kind", () => {
    const folder = mkdtempSync(join(tmpdir(), "pal-lab-dev-"));
    try {
      writeFileSync(join(folder, "nvidiactl"), "");
      assert.equal(hasNvidiaDevice(folder), false);
      writeFileSync(join(folder, "nvidia0"), "");
      assert.equal(hasNvidiaDevice(folder), true);
      assert.equal(hasNvidiaDevice(join(folder, "none")), false);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("refuses a machine without a GPU", async (t) => {
    if (hasNvidiaDevice("/dev")) return t.skip("this machine has a GPU");
    await assert.rejects(
      startTensorflowGpu(),
      /expected an NVIDIA GPU, got none/,
    );
  });
});

describe("webgpu", () => {
  it("knows software adapters from GPUs", () => {
    const gpu = {
      vendor: "nvidia",
      architecture: "ampere",
      description: "A100",
    };
    assert.equal(isSoftware(gpu), false);
    assert.equal(isSoftware({ ...gpu, isFallbackAdapter: true }), true);
    assert.equal(
      isSoftware({ ...gpu, description: "llvmpipe (LLVM 15)" }),
      true,
    );
  });
});

describe("the proof of a device", await tensorflowHere(), () => {
  it("passes where the operation ran there", () => {
    runOnDevice(nativeBackend()!, "/device:CPU:0");
  });

  it("refuses rather than run elsewhere", () => {
    assert.throws(
      () => runOnDevice(nativeBackend()!, "/device:CPU:7"),
      /^Error: useEngine: \/device:CPU:7: .*Cannot assign a device/,
    );
  });
});
