import assert from "node:assert/strict";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { writeWhole, writeWholeFrom } from "../../lib/files/atomic.ts";

const folder = mkdtempSync(join(tmpdir(), "pal-atomic-"));
after(() => rmSync(folder, { recursive: true }));
const path = join(folder, "file");
const bytes = (text: string) => Buffer.from(text);

describe("writeWhole", () => {
  it("writes its chunks one after the other in place of what was there", () => {
    writeFileSync(path, "a longer text that was there before");
    writeWhole(path, [bytes("one"), bytes(""), bytes(" two")]);
    assert.equal(readFileSync(path, "utf8"), "one two");
    assert.deepEqual(readdirSync(folder), ["file"]);
  });

  it("leaves the old file, and no other, where a chunk can not be made", () => {
    writeFileSync(path, "old");
    const chunks = function* () {
      yield bytes("new");
      throw new Error("no more");
    };
    assert.throws(() => writeWhole(path, chunks()), /no more/);
    assert.equal(readFileSync(path, "utf8"), "old");
    assert.deepEqual(readdirSync(folder), ["file"]);
  });

  it("writes through no link that stands under its temporary name", () => {
    const other = join(folder, "other");
    writeFileSync(other, "somebody else's");
    symlinkSync(other, `${path}.${process.pid}.tmp`);
    writeWhole(path, "ours");
    assert.equal(readFileSync(other, "utf8"), "somebody else's");
    assert.equal(readFileSync(path, "utf8"), "ours");
    rmSync(other);
    assert.deepEqual(readdirSync(folder), ["file"]);
  });

  it("says where the folder is missing", () => {
    const lost = join(folder, "none", "file");
    assert.throws(() => writeWhole(lost, []), { code: "ENOENT" });
  });
});

describe("writeWholeFrom", () => {
  it("writes chunks as they come, whole or not at all", async () => {
    const chunks = async function* (isFine: boolean) {
      yield bytes("one");
      assert.deepEqual(readdirSync(folder).includes("file"), false);
      if (!isFine) throw new Error("no more");
      yield bytes(" two");
    };
    rmSync(path, { force: true });
    await assert.rejects(writeWholeFrom(path, chunks(false)), /no more/);
    assert.deepEqual(readdirSync(folder), []);
    assert.equal(await writeWholeFrom(path, chunks(true)), path);
    assert.equal(readFileSync(path, "utf8"), "one two");
    assert.deepEqual(readdirSync(folder), ["file"]);
  });
});
