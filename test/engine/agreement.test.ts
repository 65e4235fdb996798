import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";

interface EngineRun {
  readonly losses: number[];
  readonly description: string;
}

/** Where Debian's chromium keeps a Vulkan driver that needs no GPU. */
const softwareDriver = "/usr/lib/chromium/vk_swiftshader_icd.json";

/** Trains on one engine in a process of its own; the reason if it cannot. */
function trainOn(engine: string, environment = {}): EngineRun | string {
  const script = join(import.meta.dirname, "train-on.ts");
  const args = ["--import", "tsx", script, engine, "20"];
  const env = { ...process.env, ...environment };
  try {
    const out = execFileSync(process.execPath, args, {
      encoding: "utf8",
      env,
      stdio: "pipe",
    });
    return JSON.parse(out.trim().split("\n").at(-1)!);
  } catch (error) {
    const { stderr } = error as { stderr: string };
    const line = /Error: useEngine: (.*)/.exec(stderr)?.[1];
    // Only an engine that cannot be had is passed over, not one that fails.
    if (line?.includes("cannot be had")) return line;
    throw error;
  }
}

function everyEngine(): Map<string, EngineRun | string> {
  const answers = new Map<string, EngineRun | string>();
  for (const engine of ["wasm", "tensorflow", "tensorflow-gpu", "webgpu"]) {
    answers.set(engine, trainOn(engine));
  }
  if (typeof answers.get("webgpu") === "string" && existsSync(softwareDriver)) {
    const environment = { VK_ICD_FILENAMES: softwareDriver };
    answers.set("webgpu", trainOn("webgpu", environment));
  }
  return answers;
}

it("trains the same transformer to the same losses on every engine", () => {
  const answers = everyEngine();
  const reference = answers.get("wasm") as EngineRun;
  assert.equal(reference.losses.length, 20);
  assert.ok(reference.losses[19] < reference.losses[0]);
  for (const [engine, answer] of answers) {
    if (typeof answer === "string") {
      console.log(`not compared: ${answer}`);
      continue;
    }
    const gaps = answer.losses.map((x, i) => Math.abs(x - reference.losses[i]));
    const gap = Math.max(...gaps);
    console.log(
      `${engine} (${answer.description}): within ${gap.toExponential(1)}`,
    );
    assert.ok(gap < 1e-4, `${engine} differs from wasm by ${gap}`);
  }
});
