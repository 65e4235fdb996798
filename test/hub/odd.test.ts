import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { fetchFromHub, weightsFolder } from "../../lib/hub/fetch.ts";
import { type FakeHub, fakeHub, onHub } from "./fake-hub.ts";

const sslam = onHub("sslam");
const weights = Uint8Array.from({ length: 5000 }, (_, i) => (i * i) % 251);

describe("fetchFromHub, told odd things", () => {
  let hub: FakeHub;
  let cache = "";
  beforeEach(async () => {
    hub = await fakeHub({
      "config.json": new TextEncoder().encode("{}"),
      "model.safetensors": weights,
    });
    cache = await mkdtemp(join(tmpdir(), "pal-hub-odd-"));
  });
  afterEach(async () => {
    await hub.close();
    await rm(cache, { recursive: true });
  });

  const model = () => join(cache, "weights", "sslam", "model.safetensors");
  const fetchIt = () =>
    fetchFromHub(sslam, { endpoint: hub.endpoint, cache, pause: 1 });

  for (const [what, isThere] of [
    ["a file", true],
    ["nothing", false],
  ] as const) {
    it(`refuses a part that is a symbolic link to ${what}`, async () => {
      const folder = join(cache, "weights", "sslam");
      await mkdir(folder, { recursive: true });
      const victim = join(cache, "victim");
      if (isThere) writeFileSync(victim, "mine");
      const { hash } = (await fetchIt()).files[1];
      await rm(model());
      const part = `${model()}.part`;
      await symlink(victim, part);
      writeFileSync(`${part}.json`, JSON.stringify(hash));
      await assert.rejects(
        fetchIt(),
        /^Error: download: expected a plain file or none at .*\.part, got a symbolic link; remove it$/,
      );
      assert.equal(existsSync(victim), isThere);
      if (isThere) assert.equal(readFileSync(victim, "utf8"), "mine");
    });
  }

  for (const odd of ["../sslam", "a/b", "..", ".", "", "/tmp", "a\\b", "a\0"]) {
    it(`refuses weights named ${JSON.stringify(odd)} at the door`, async () => {
      const options = { endpoint: hub.endpoint, cache };
      for (const wrong of [{ name: odd }, { files: [["x.json", odd]] }]) {
        await assert.rejects(fetchFromHub({ ...sslam, ...wrong }, options), {
          name: "RangeError",
          message: /^fetchFromHub: expected a (name of weights|file's name) of/,
        });
      }
      const lost = { ...sslam, repository: `ta012/${odd}` };
      await assert.rejects(fetchFromHub(lost, options), {
        name: "RangeError",
        message: /^fetchFromHub: expected a repository as owner\/name, got/,
      });
      assert.throws(() => weightsFolder(cache, odd), /^RangeError: weightsFo/);
      assert.equal(hub.seen.length, 0);
    });
  }

  for (const [what, change, message] of [
    ["a null", { siblings: [null] }, /expected files with a name .* got null/],
    ["a word", { siblings: ["x"] }, /expected files with a name .* got "x"/],
    ["no name", { siblings: [{ size: 1 }] }, /files with a name .*"size":1/],
    [
      "no list",
      { siblings: null },
      /expected files in the hub's answer, got n/,
    ],
    ["no commit", { sha: "\u009b31m" }, /expected a commit .* got "31m"/],
    ["tags that are none", { cardData: null, tags: 3 }, undefined],
  ] as const) {
    it(`reads or refuses a listing with ${what}, clearly`, async () => {
      Object.assign(hub.listed, change);
      if (message) await assert.rejects(fetchIt(), message);
      else assert.equal((await fetchIt()).repository.license, undefined);
    });
  }

  it("prints a server's words without control characters", async () => {
    hub.listed.cardData = { license: "mit\u001b[2J\u202e\u0085!" };
    assert.equal((await fetchIt()).repository.license, "mit[2J!");
    hub.listed.text = "<\u001b[31mred\u0007";
    await assert.rejects(fetchIt(), /expected JSON, got "<\[31mred"/);
  });
});
