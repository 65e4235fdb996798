import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, before, beforeEach, describe, it, mock } from "node:test";
import { fetchWeights } from "../../lib/cli/fetch.ts";
import { openEncoder } from "../../lib/encoder/pretrained.ts";
import { tone } from "../audio/fixture.ts";
import { tinyEncoders, tinyPackages } from "../encoder/tiny-cache.ts";
import { dropAfter } from "../hub/fake-hub.ts";
import { type FakePypi, fakePypi } from "../hub/pypi/fake-pypi.ts";
import { startEngine } from "../use-engine.ts";

const { aisfx, musicnn } = tinyPackages();
const settings = ["PAL_CACHE", "PIP_INDEX_URL", "PIP_CONFIG_FILE"] as const;

describe("pal fetch, of encoders in packages", () => {
  let index: FakePypi;
  let cache = "";
  const were = settings.map((name) => process.env[name]);
  const lines: string[] = [];
  before(startEngine);
  beforeEach(async () => {
    const { file } = aisfx.weights.package;
    index = await fakePypi("aisfx", { file, bytes: aisfx.wheel });
    cache = await mkdtemp(join(tmpdir(), "pal-fetch-encoder-"));
    process.env.PAL_CACHE = cache;
    process.env.PIP_INDEX_URL = index.index;
    process.env.PIP_CONFIG_FILE = "/dev/null";
    lines.length = 0;
    mock.method(console, "log", (line: string) => lines.push(line));
  });
  afterEach(async () => {
    mock.restoreAll();
    settings.forEach((name, i) => {
      if (were[i] === undefined) delete process.env[name];
      else process.env[name] = were[i];
    });
    await index.close();
    await rm(cache, { recursive: true });
  });

  const folder = () => join(cache, "weights", "aisfx");
  const fetchIt = (name = "aisfx", encoders = tinyEncoders()) =>
    fetchWeights([name], encoders);

  it("keeps the network's tensors, whose they are, and nothing else", async () => {
    assert.equal(await fetchIt(), 0);
    const said = lines.join("\n");
    assert.match(
      said,
      /^aisfx-0\.1\.2-.*, license: cc-by-4\.0; name its authors: Alison/,
    );
    assert.match(
      said,
      /kept in .*weights\/aisfx: aisfx 0\.1\.2 \(PyPI\), the network's tensors alone/,
    );
    assert.deepEqual((await readdir(folder())).toSorted(), [
      "README.md",
      "model.safetensors",
      "source.json",
    ]);
    assert.deepEqual(await readdir(join(cache, "weights")), ["aisfx"]);
    assert.deepEqual(await readdir(join(cache, "packages")), []);
    const card = readFileSync(join(folder(), "README.md"), "utf8");
    assert.match(
      card,
      /Alexander Lerch.*\n\nLicense: cc-by-4\.0\. From aisfx-0\.1\.2/,
    );
  });

  it("is what the encoder is opened from, features and all", async () => {
    await fetchIt();
    const encoder = await openEncoder(folder());
    assert.deepEqual([encoder.name, encoder.width], ["aisfx", 32]);
    const features = encoder.encode(tone(440, 44_100, 44_100));
    assert.equal(features.length, 54 * 12 * 32);
    assert.ok(features.every(Number.isFinite));
    encoder.dispose();
  });

  it("asks nobody for what is there, and fetches anew what is damaged", async () => {
    await fetchIt();
    const path = join(folder(), "model.safetensors");
    const whole = readFileSync(path);
    index.seen.length = 0;
    await fetchIt();
    assert.equal(index.seen.length, 0);
    writeFileSync(path, whole.subarray(1));
    await fetchIt();
    assert.match(
      lines.join("\n"),
      /model\.safetensors is not what was fetched/,
    );
    assert.deepEqual(readFileSync(path), whole);
  });

  it("goes on where the connection dropped", async () => {
    index.faults.push(() => false, dropAfter(1000));
    await fetchIt();
    const { range } = index.seen.at(-1)!.headers;
    assert.equal(range, "bytes=1000-");
    assert.ok(existsSync(join(folder(), "model.safetensors")));
  });

  it("refuses what it would write otherwise than it must be", async () => {
    const [first, ...others] = tinyEncoders();
    const kept = { ...aisfx.weights.kept, sha256: "0".repeat(64) };
    const published = [{ ...aisfx.weights, kept }];
    await assert.rejects(
      fetchIt("aisfx", [{ ...first, published }, ...others]),
      /^Error: fetch: expected to write model\.safetensors of sha256 0{64}, got [0-9a-f]{64}; this kit reads the package otherwise/,
    );
    assert.deepEqual(await readdir(join(cache, "weights")), []);
  });

  it("leaves alone what somebody has put there", async () => {
    await mkdir(folder(), { recursive: true });
    writeFileSync(join(folder(), "mine.txt"), "mine");
    await assert.rejects(
      fetchIt(),
      /expected nothing or what was fetched before at .*aisfx, got something without source\.json; move it away/,
    );
    assert.deepEqual(await readdir(folder()), ["mine.txt"]);
  });

  it("reads a TensorFlow checkpoint out of its wheel", async () => {
    const { file } = musicnn.weights.package;
    const other = await fakePypi("musicnn", { file, bytes: musicnn.wheel });
    try {
      process.env.PIP_INDEX_URL = other.index;
      assert.equal(await fetchIt("musicnn"), 0);
      const path = join(cache, "weights", "musicnn");
      const encoder = await openEncoder(path);
      assert.deepEqual([encoder.name, encoder.width], ["musicnn", 34]);
      const features = encoder.encode(tone(440, 16_000, 16_000));
      assert.equal(features.length, 626 * 34);
      assert.ok(features.every(Number.isFinite));
      encoder.dispose();
    } finally {
      await other.close();
    }
  });

  it("says so where no index is reached", async () => {
    await index.close();
    await assert.rejects(
      fetchIt(),
      /^Error: fetchPackage: expected aisfx-0\.1\.2-.*whl of aisfx 0\.1\.2 at an index, got\n.*check the network/,
    );
    assert.ok(!existsSync(folder()));
  });
});
