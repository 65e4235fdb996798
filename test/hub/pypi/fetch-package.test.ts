import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { deflatedZip } from "../../../bench/fuzz/zip.ts";
import {
  fetchPackage,
  type PackageOptions,
} from "../../../lib/hub/pypi/fetch-package.ts";
import { readFromWheel } from "../../../lib/hub/pypi/read-wheel.ts";
import { answer, corrupt, dropAfter } from "../fake-hub.ts";
import { type FakePypi, fakePypi, pageOf, sha256 } from "./fake-pypi.ts";

/** What the package carries, and a wheel of it. */
const numbers = Uint8Array.from({ length: 60_000 }, (_, i) => {
  return ((i * i) % 251) ^ (i >> 7);
});
const wheel = new Uint8Array(
  deflatedZip([
    ["sounds/__init__.py", new TextEncoder().encode("raise SystemExit")],
    ["sounds/numbers.bin", numbers],
  ]),
);
const sounds = {
  name: "sounds",
  version: "1.0",
  file: "sounds-1.0-py3-none-any.whl",
  bytes: wheel.length,
  sha256: sha256(wheel),
};
const entry = {
  file: "sounds/numbers.bin",
  bytes: numbers.length,
  sha256: sha256(numbers),
};

describe("fetchPackage", () => {
  let index: FakePypi;
  let cache = "";
  beforeEach(async () => {
    index = await fakePypi("sounds", { file: sounds.file, bytes: wheel });
    cache = await mkdtemp(join(tmpdir(), "pal-pypi-"));
  });
  afterEach(async () => {
    await index.close();
    await rm(cache, { recursive: true });
  });

  const folder = () => join(cache, "packages");
  const kept = () => new Uint8Array(readFileSync(join(folder(), sounds.file)));
  const pipOf = (...indexes: readonly string[]) => ({
    indexes,
    passedOver: [],
  });
  const fetchIt = (options: Partial<PackageOptions> = {}) =>
    fetchPackage(sounds, {
      pip: pipOf(index.index),
      cache,
      pause: 1,
      ...options,
    });
  /** Requests for the wheel alone. */
  const asked = () => index.seen.filter(({ url }) => url?.endsWith(".whl"));
  /** Lets the request for the index's page pass before the faults begin. */
  const then = (...faults: FakePypi["faults"]) =>
    index.faults.push(() => false, ...faults);

  it("keeps the file, whole, and asks for no byte of it again", async () => {
    assert.equal(await fetchIt(), join(folder(), sounds.file));
    assert.deepEqual(kept(), wheel);
    assert.deepEqual(await readdir(folder()), [sounds.file]);
    index.seen.length = 0;
    await fetchIt();
    assert.equal(index.seen.length, 0);
    writeFileSync(join(folder(), sounds.file), wheel.slice(1));
    await fetchIt();
    assert.deepEqual(kept(), wheel);
  });

  it("goes on in the next run where the connection dropped", async () => {
    then(dropAfter(20_000));
    await assert.rejects(fetchIt({ attempts: 1 }), /sounds-1\.0.* closed/);
    assert.ok(!existsSync(join(folder(), sounds.file)));
    await fetchIt();
    assert.deepEqual(
      asked().map(({ headers }) => headers.range),
      [undefined, "bytes=20000-"],
    );
    assert.deepEqual(kept(), wheel);
  });

  it("stops with the signal's reason, and goes on later", async () => {
    const abort = new AbortController();
    then((_request, response, bytes) => {
      response.writeHead(200, { "content-length": bytes.length });
      response.write(bytes.subarray(0, 9000));
      setTimeout(() => abort.abort(new Error("enough")), 50);
      return true;
    });
    await assert.rejects(fetchIt({ signal: abort.signal }), /^Error: enough/);
    await fetchIt();
    assert.equal(asked().at(-1)?.headers.range, "bytes=9000-");
  });

  it("refuses bytes that are others twice, and keeps none of them", async () => {
    then(corrupt, corrupt);
    await assert.rejects(
      fetchIt(),
      /expected sha256 [0-9a-f]{64}, got .* twice/,
    );
    assert.deepEqual(await readdir(folder()), []);
  });

  it("takes the file where somebody has put it", async () => {
    await mkdir(folder(), { recursive: true });
    writeFileSync(join(folder(), sounds.file), wheel);
    await fetchIt({ pip: pipOf() });
    assert.equal(index.seen.length, 0);
  });

  it("says so where no index answers", async () => {
    await index.close();
    await assert.rejects(
      fetchIt(),
      /expected sounds-1\.0-py3-none-any\.whl of sounds 1\.0 at an index, got\n {2}http:.*\/simple: .*ECONNREFUSED.*; check the network, a proxy, and pip's index-url/,
    );
    assert.deepEqual(await readdir(folder()), []);
  });

  it("looks at the next index where one lists no such file, or another", async () => {
    const page = pageOf([
      `${sounds.file}#sha256=${"0".repeat(64)}`,
      sounds.file,
    ]);
    const other = await fakePypi("sounds", { file: "x.whl", bytes: wheel });
    other.files["sounds/"] = page;
    try {
      index.faults.push(answer(404));
      const indexes = [other.index, `${index.index}/none`, index.index];
      await fetchIt({ pip: pipOf(...indexes) });
      assert.deepEqual(kept(), wheel);
      await rm(join(folder(), sounds.file));
      await assert.rejects(
        fetchIt({ pip: pipOf(other.index) }),
        /got 0{64}: another file under the same name$/,
      );
      other.files["sounds/"] = pageOf(["a.tar.gz", "a.tar.gz"]);
      await assert.rejects(
        fetchIt({ pip: pipOf(other.index) }),
        /got a\.tar\.gz; the package has other versions/,
      );
    } finally {
      await other.close();
    }
  });

  it("reads a list in JSON as well", async () => {
    const files = [
      {
        filename: sounds.file,
        url: `${index.endpoint}/files/${sounds.file}`,
        hashes: { sha256: sounds.sha256 },
      },
    ];
    index.faults.push((_request, response) => {
      const type = "application/vnd.pypi.simple.v1+json";
      response.setHeader("content-type", type);
      response.end(JSON.stringify({ files }));
      return true;
    });
    await fetchIt();
    assert.deepEqual(kept(), wheel);
  });

  it("shows an index its password, and nobody else", async () => {
    const { file } = sounds;
    const other = await fakePypi("sounds", { file, bytes: wheel });
    try {
      const secret = index.index.replace("://", "://ada:s%40cret@");
      await fetchIt({ pip: pipOf(secret) });
      const basic = `Basic ${Buffer.from("ada:s@cret").toString("base64")}`;
      assert.deepEqual(
        index.seen.map(({ headers }) => headers.authorization),
        [basic, basic],
      );
      await rm(join(folder(), file));
      index.files["sounds/"] = pageOf([`${other.endpoint}/${file}`, file]);
      await fetchIt({ pip: pipOf(secret) });
      assert.equal(other.seen[0].headers.authorization, undefined);
      await rm(join(folder(), file));
      const open = pipOf("http://ada:s%40cret@host.example/simple");
      await assert.rejects(fetchIt({ pip: open }), ({ message }: Error) => {
        assert.match(message, /expected https for a/);
        assert.doesNotMatch(message, /ada|cret/);
        return true;
      });
    } finally {
      await other.close();
    }
  });

  it("checks the disk before it downloads", async () => {
    const freeBytes = async () => 1000;
    await assert.rejects(
      fetchIt({ freeBytes }),
      /^Error: fetchPackage: expected \d+ free bytes, got 1000 .*PAL_CACHE/,
    );
    assert.equal(asked().length, 0);
  });
});

describe("readFromWheel", () => {
  it("gives a file's bytes, and refuses others", async () => {
    const folder = await mkdtemp(join(tmpdir(), "pal-wheel-"));
    const path = join(folder, sounds.file);
    try {
      writeFileSync(path, wheel);
      assert.deepEqual(await readFromWheel(path, entry), numbers);
      for (const [wrong, message] of [
        [{ file: "sounds/none" }, /expected sounds\/none of .*, got none/],
        [{ bytes: 3 }, /of 3 bytes, got 60000/],
        [{ sha256: "0".repeat(64) }, /expected sha256 0{64} of sounds/],
      ] as const) {
        await assert.rejects(
          readFromWheel(path, { ...entry, ...wrong }),
          message,
        );
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
