import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import {
  fetchPackage,
  type PackageOptions,
} from "../../../lib/hub/pypi/fetch-package.ts";
import { corrupt, dropAfter } from "../fake-hub.ts";
import { type FakeIndex, fakeIndex, pinnedOf } from "./fake-index.ts";

const name = "small-model";
const file = "small_model-0.1.2-py3-none-any.whl";
const bytes = Uint8Array.from({ length: 50_000 }, (_, i) => (i * i) % 251);
const pinned = pinnedOf(name, file, bytes);
/** A port where nothing listens. */
const nowhere = "http://127.0.0.1:65431/simple";

describe("fetchPackage", () => {
  let index: FakeIndex;
  let cache = "";
  beforeEach(async () => {
    index = await fakeIndex(name, {
      "small_model-0.1.1-py3-none-any.whl": bytes.subarray(1),
      [file]: bytes,
    });
    cache = mkdtempSync(join(tmpdir(), "pal-pypi-"));
  });
  afterEach(async () => {
    await index.close();
    rmSync(cache, { recursive: true });
  });

  const fetchIt = (
    indexes: readonly string[] = [index.url],
    options: Partial<PackageOptions> = {},
  ) =>
    fetchPackage(pinned, {
      ...{ cache, pause: 1, attempts: 2 },
      pip: { indexes, passedOver: [] },
      ...options,
    });

  for (const isPage of [false, true]) {
    it(`finds the file in an index's ${isPage ? "page" : "JSON"}`, async () => {
      index.manner.isPage = isPage;
      const path = await fetchIt();
      assert.equal(path, join(cache, "packages", file));
      assert.deepEqual(new Uint8Array(readFileSync(path)), bytes);
    });
  }

  it("asks nobody for a file that is there, whole", async () => {
    await fetchIt();
    const before = index.seen.length;
    await fetchIt();
    assert.equal(index.seen.length, before);
  });

  it("goes on where a connection was lost", async () => {
    index.faults.push(dropAfter(20_000));
    await fetchIt();
    assert.equal(index.seen.at(-1)?.headers.range, "bytes=20000-");
  });

  it("takes the next index where the first is not reached", async () => {
    await fetchIt([nowhere, index.url]);
    assert.ok(existsSync(join(cache, "packages", file)));
  });

  it("shows its user to the index that asks for one, and to no other", async () => {
    index.manner.user = "me@home:se/cret";
    const url = new URL(index.url);
    url.username = "me%40home";
    url.password = "se%2Fcret";
    await fetchIt([url.href]);
    await rm();
    await assert.rejects(
      fetchIt(),
      /got status 401; the index asks for a user: put it into pip's index-url/,
    );
  });
  const rm = async () => rmSync(join(cache, "packages"), { recursive: true });

  it("says both hashes where an index lists another file under the name", async () => {
    index.manner.hashes[file] = "0".repeat(64);
    await assert.rejects(
      fetchIt(),
      new RegExp(
        `expected sha256 ${pinned.sha256} of ${file}, got 0{64}: another file`,
      ),
    );
    assert.ok(!existsSync(join(cache, "packages", file)));
  });

  it("refuses bytes of another hash, whatever the index says", async () => {
    index.manner.hashes[file] = undefined;
    index.faults.push(corrupt, corrupt);
    await assert.rejects(fetchIt(), /expected sha256 .*, got .* twice/);
    assert.ok(!existsSync(join(cache, "packages", file)));
  });

  it("names the versions that there are where its own is gone", async () => {
    delete index.files[file];
    await assert.rejects(
      fetchIt(),
      /expected small_model-0\.1\.2-py3-none-any\.whl, got small_model-0\.1\.1-py3-none-any\.whl; the package has other versions/,
    );
  });

  it("tells what each index said where none has it", async () => {
    index.manner.text = "<html>sign in</html>";
    await assert.rejects(
      fetchIt([nowhere, index.url], {
        pip: {
          indexes: [nowhere, index.url],
          passedOver: ["file:///wheels"],
        },
      }),
      (error: Error) => {
        assert.match(error.message, /^fetchPackage: expected small_model-0/);
        assert.match(error.message, /\n {2}file:\/\/\/wheels: not read here/);
        assert.match(error.message, /\n {2}http:.*65431.*ECONNREFUSED.*pip's/);
        assert.match(error.message, /a list of files, got "<html>sign in/);
        return true;
      },
    );
  });

  it("refuses to begin what would fill the disk", async () => {
    await assert.rejects(
      fetchIt(undefined, { freeBytes: async () => 1000, room: 5 }),
      /^Error: fetchPackage: expected \d+ free bytes, got 1000 .*; make room/,
    );
    const requests = index.seen.filter(({ url }) => url?.includes("files"));
    assert.equal(requests.length, 0);
  });
});
