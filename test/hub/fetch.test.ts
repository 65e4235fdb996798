import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { withLock } from "../../lib/files/lock.ts";
import { type FetchOptions, fetchFromHub } from "../../lib/hub/fetch.ts";
import {
  answer,
  corrupt,
  dropAfter,
  type FakeHub,
  fakeHub,
  ignoreRange,
  onHub,
  sendRange,
} from "./fake-hub.ts";

const sslam = onHub("sslam");
const weights = Uint8Array.from({ length: 50_000 }, (_, i) => (i * i) % 251);
const config = new TextEncoder().encode('{"depth": 12}');

describe("fetchFromHub", () => {
  let hub: FakeHub;
  let cache = "";
  beforeEach(async () => {
    hub = await fakeHub({
      "config.json": config,
      "model.safetensors": weights,
    });
    cache = await mkdtemp(join(tmpdir(), "pal-hub-"));
  });
  afterEach(async () => {
    await hub.close();
    await rm(cache, { recursive: true });
  });

  const model = () => join(cache, "weights", "sslam", "model.safetensors");
  const fetchIt = (options: Partial<FetchOptions> = {}) =>
    fetchFromHub(sslam, {
      endpoint: hub.endpoint,
      cache,
      pause: 1,
      ...options,
    });
  /** Lets the request for config.json pass before the faults begin. */
  const then = (...faults: FakeHub["faults"]) =>
    hub.faults.push(() => false, ...faults);
  const ranges = () => hub.seen.slice(1).map(({ headers }) => headers.range);

  it("keeps the files, their source and nothing else", async () => {
    const { files, folder, repository } = await fetchIt();
    assert.deepEqual(new Uint8Array(readFileSync(model())), weights);
    assert.equal(repository.license, "mit");
    assert.deepEqual((await readdir(folder)).toSorted(), [
      "config.json",
      "model.safetensors",
      "source.json",
    ]);
    const source = JSON.parse(
      readFileSync(join(folder, "source.json"), "utf8"),
    );
    assert.equal(source.commit, repository.commit);
    assert.deepEqual(source.files, files);
    assert.match(hub.seen[1].url ?? "", new RegExp(repository.commit));
  });

  it("asks for no byte of what is there and whole", async () => {
    await fetchIt();
    const before = hub.seen.length;
    await fetchIt();
    assert.equal(hub.seen.length, before);
  });

  it("fetches again what changed on the disk", async () => {
    await fetchIt();
    writeFileSync(
      model(),
      weights.map((byte) => byte ^ 4),
    );
    await fetchIt();
    assert.deepEqual(new Uint8Array(readFileSync(model())), weights);
  });

  it("goes on where the connection dropped, twice", async () => {
    then(dropAfter(20_000), dropAfter(10_000));
    const done: number[] = [];
    await fetchIt({ onProgress: (_file, bytes) => done.push(bytes) });
    assert.deepEqual(ranges(), [undefined, "bytes=20000-", "bytes=30000-"]);
    assert.deepEqual(new Uint8Array(readFileSync(model())), weights);
    assert.equal(done.at(-1), weights.length);
  });

  it("goes on in the next run after it gave up", async () => {
    then(dropAfter(20_000));
    await assert.rejects(fetchIt({ attempts: 1 }), /model\.safetensors/);
    assert.ok(!existsSync(model()));
    await fetchIt();
    assert.deepEqual(ranges(), [undefined, "bytes=20000-"]);
    assert.deepEqual(new Uint8Array(readFileSync(model())), weights);
  });

  it("throws away the part of another version", async () => {
    then(dropAfter(20_000));
    await assert.rejects(fetchIt({ attempts: 1 }));
    const newer = weights.map((byte) => byte ^ 2);
    hub.files["model.safetensors"] = newer;
    await fetchIt();
    assert.deepEqual(new Uint8Array(readFileSync(model())), newer);
    assert.deepEqual(ranges(), [undefined, undefined]);
  });

  it("starts over where the server ignores the range", async () => {
    then(dropAfter(20_000), ignoreRange);
    await fetchIt();
    assert.deepEqual(new Uint8Array(readFileSync(model())), weights);
  });

  it("starts over where the server refuses the range or sends another", async () => {
    then(dropAfter(20_000), answer(416));
    await fetchIt();
    await rm(model());
    hub.seen.length = 0;
    hub.faults.push(dropAfter(20_000), (_request, response, bytes) => {
      const range = `bytes 0-${bytes.length - 1}/${bytes.length}`;
      response.writeHead(206, { "content-range": range }).end(bytes);
      return true;
    });
    await fetchIt();
    assert.deepEqual(new Uint8Array(readFileSync(model())), weights);
  });

  it("fetches corrupt bytes once more", async () => {
    then(corrupt);
    await fetchIt();
    assert.deepEqual(new Uint8Array(readFileSync(model())), weights);
  });

  it("refuses bytes that are corrupt twice, and keeps none of them", async () => {
    then(corrupt, corrupt);
    await assert.rejects(
      fetchIt(),
      /expected sha256 [0-9a-f]{64}, got .* twice/,
    );
    assert.ok(!existsSync(model()) && !existsSync(`${model()}.part`));
  });

  it("verifies small files too, by git's hash", async () => {
    hub.faults.push(corrupt, corrupt);
    await assert.rejects(fetchIt(), /expected git-sha1 [0-9a-f]{40}, got/);
  });

  it("takes no more bytes than the hub listed", async () => {
    const long = new Uint8Array(2 * weights.length);
    const send = (...[request, response]: Parameters<typeof sendRange>) => {
      sendRange(request, response, long);
      return true;
    };
    then(send, send, send);
    await assert.rejects(
      fetchIt({ attempts: 3 }),
      /expected 50000 bytes, got more/,
    );
    hub.faults.length = 0;
    await fetchIt();
    assert.deepEqual(new Uint8Array(readFileSync(model())), weights);
  });

  it("takes an answer that ends early but well for a drop", async () => {
    then((_request, response, bytes) => {
      response.writeHead(200).end(bytes.subarray(0, 7000)); // chunked, no length
      return true;
    });
    await fetchIt();
    assert.deepEqual(ranges(), [undefined, "bytes=7000-"]);
  });

  it("tries again after 429 and 500, as late as the server says", async () => {
    then(answer(429, { "retry-after": "0" }), answer(500), answer(503));
    await fetchIt();
    assert.equal(hub.seen.length, 5);
    await rm(model()); // config.json stays: the next request is for the weights
    hub.faults.push(answer(429, { "retry-after": "1" }));
    const started = performance.now();
    await fetchIt();
    assert.ok(performance.now() - started >= 990);
  });

  for (const [status, remedy] of [
    [401, /status 401; .* set HF_TOKEN/],
    [403, /status 403; accept its terms/],
    [404, /status 404; the repository or the file is not there/],
  ] as const) {
    it(`does not try again after ${status}, and says what helps`, async () => {
      then(answer(status));
      await assert.rejects(fetchIt(), remedy);
      assert.equal(hub.seen.length, 2);
    });
  }

  it("follows a redirect and does not take the token along", async () => {
    const other = await fakeHub(hub.files);
    try {
      then((request, response) => {
        const location = `${other.endpoint}${request.url}`;
        response.writeHead(302, { location }).end();
        return true;
      });
      await fetchIt({ token: "secret" });
      assert.equal(hub.seen[1].headers.authorization, "Bearer secret");
      assert.equal(other.seen.length, 1);
      assert.equal(other.seen[0].headers.authorization, undefined);
    } finally {
      await other.close();
    }
  });

  it("sends no token over plain http to another machine", async () => {
    const endpoint = "http://hub.example";
    await assert.rejects(
      fetchIt({ endpoint, token: "secret" }),
      /expected https for a token, got http:\/\/hub\.example/,
    );
  });

  it("drops a connection that falls silent, and goes on", async () => {
    then((_request, response, bytes) => {
      response.writeHead(200, { "content-length": bytes.length });
      response.write(bytes.subarray(0, 9000));
      return true;
    });
    await fetchIt({ patience: 150 });
    assert.deepEqual(ranges(), [undefined, "bytes=9000-"]);
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
    assert.deepEqual(ranges(), [undefined, "bytes=9000-"]);
  });

  it("checks the disk before it begins", async () => {
    const freeBytes = async () => 1000;
    await assert.rejects(
      fetchIt({ freeBytes }),
      /expected 67158877 free bytes, got 1000 .*PAL_CACHE/,
    );
    assert.equal(hub.seen.length, 0);
  });

  it("names what a repository lacks", async () => {
    delete hub.files["model.safetensors"];
    await assert.rejects(
      fetchIt(),
      /expected model\.safetensors with size and hash in ta012\/SSLAM_pretrain, got config\.json/,
    );
  });

  it("takes pytorch_model.bin where there is no safetensors file", async () => {
    hub.files["pytorch_model.bin"] = hub.files["model.safetensors"];
    hub.files["preprocessor_config.json"] = config;
    delete hub.files["model.safetensors"];
    const clap = onHub("clap-general");
    const options = { endpoint: hub.endpoint, cache, pause: 1 };
    const { files } = await fetchFromHub(clap, options);
    assert.equal(files[2].path, "pytorch_model.bin");
  });

  it("passes over a lock file left behind, and waits for a lock held", async () => {
    const folder = join(cache, "weights", "sslam");
    const lock = join(folder, ".lock");
    await mkdir(folder, { recursive: true });
    writeFileSync(lock, "left behind");
    await fetchIt();
    const signal = AbortSignal.timeout(300);
    let isWaiting = false;
    const onWait = () => {
      isWaiting = true;
    };
    const hold = () =>
      assert.rejects(fetchIt({ signal, onWait }), { name: /Abort|Timeout/ });
    await withLock(lock, hold);
    assert.ok(isWaiting);
    await fetchIt();
    assert.ok(!existsSync(lock));
  });
});
