import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { endpointOf } from "../../lib/cli/fetch.ts";
import { type FakeHub, fakeHub, sendRange } from "../hub/fake-hub.ts";

const weights = Uint8Array.from({ length: 90_000 }, (_, i) => (i * i) % 253);
const config = new TextEncoder().encode("{}");
const entry = join(import.meta.dirname, "..", "..", "lib", "cli", "fetch.ts");
const script =
  `import(${JSON.stringify(pathToFileURL(entry).href)})` +
  ".then(({ fetchWeights }) => fetchWeights(process.argv.slice(1)))" +
  ".catch((error) => { console.error(error.message); process.exitCode = 1; })";

describe("pal fetch", () => {
  let hub: FakeHub;
  let cache = "";
  beforeEach(async () => {
    hub = await fakeHub({
      "config.json": config,
      "preprocessor_config.json": config,
      "model.safetensors": weights,
    });
    cache = await mkdtemp(join(tmpdir(), "pal-fetch-"));
  });
  afterEach(async () => {
    await hub.close();
    await rm(cache, { recursive: true });
  });

  const model = () => join(cache, "weights", "sslam", "model.safetensors");

  function start(...args: string[]): ChildProcess {
    const { HF_TOKEN: _, ...env } = process.env;
    return spawn(
      process.execPath,
      ["--import", "tsx", "--input-type=module", "-e", script, ...args],
      { env: { ...env, HF_ENDPOINT: hub.endpoint, PAL_CACHE: cache } },
    );
  }

  async function finish(child: ChildProcess) {
    let text = "";
    child.stdout?.on("data", (chunk) => {
      text += chunk;
    });
    child.stderr?.on("data", (chunk) => {
      text += chunk;
    });
    const [code] = await once(child, "close");
    return { code, text };
  }

  it("prints the license, the progress and the folder", async () => {
    const { code, text } = await finish(start("sslam"));
    assert.equal(code, 0, text);
    assert.match(text, /ta012\/SSLAM_pretrain at 0123456, license: mit/);
    assert.match(text, /model\.safetensors {2}0\.1 MB {2}100 %/);
    assert.match(text, /kept in .*weights\/sslam/);
  });

  it("warns of the weights that are known to be broken", async () => {
    const { text } = await finish(start("laion/larger_clap_music"));
    assert.match(text, /warning: .* known to be broken/);
  });

  it("refuses an unknown name", async () => {
    const { code, text } = await finish(start("whisper"));
    assert.equal(code, 1);
    assert.match(text, /expected one of sslam, .*, got "whisper"/);
  });

  it("goes on after it was killed in the middle", async () => {
    let reached = () => {};
    const half = new Promise<void>((resolve) => {
      reached = resolve;
    });
    hub.faults.push(
      () => false,
      (_request, response, bytes) => {
        response.writeHead(200, { "content-length": bytes.length });
        response.write(bytes.subarray(0, 40_000));
        setTimeout(reached, 300);
        return true;
      },
    );
    const first = start("sslam");
    const end = once(first, "close");
    await half;
    first.kill("SIGKILL");
    await end;
    assert.ok(!existsSync(model()));
    const { code, text } = await finish(start("sslam"));
    assert.equal(code, 0, text);
    assert.equal(hub.seen.at(-1)?.headers.range, "bytes=40000-");
    assert.deepEqual(new Uint8Array(readFileSync(model())), weights);
  });

  it("fetches once when two processes ask at once", async () => {
    const slowly: FakeHub["faults"][number] = (request, response, bytes) => {
      setTimeout(() => sendRange(request, response, bytes), 1000);
      return true;
    };
    hub.faults.push(() => false, slowly);
    const both = await Promise.all(
      [start("sslam"), start("sslam")].map(finish),
    );
    for (const { code, text } of both) assert.equal(code, 0, text);
    assert.equal(hub.seen.length, 2);
    assert.deepEqual(new Uint8Array(readFileSync(model())), weights);
  });
});

describe("fetch's settings", () => {
  it("takes a mirror's address without its last slash", () => {
    const HF_ENDPOINT = "https://mirror.example/";
    assert.equal(endpointOf({ HF_ENDPOINT }), "https://mirror.example");
    assert.throws(
      () => endpointOf({ HF_ENDPOINT: "mirror" }),
      /expected HF_ENDPOINT to be an http address, got "mirror"/,
    );
  });
});
