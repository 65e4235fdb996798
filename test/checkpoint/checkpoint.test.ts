import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { openCheckpoint } from "../../lib/checkpoint/checkpoint.ts";
import { bytesOf, entry, file } from "./support.ts";

const folder = mkdtempSync(join(tmpdir(), "pal-lab-checkpoint-"));
after(() => rmSync(folder, { recursive: true }));

function shard(name: string, ...tensors: readonly string[]): void {
  const values = Float32Array.from(tensors, (_, i) => i + 1);
  const header = Object.fromEntries(
    tensors.map((tensor, i) => [tensor, entry("F32", [1], [4 * i, 4 * i + 4])]),
  );
  writeFileSync(join(folder, name), file(header, bytesOf(values)));
}

/** An index of this name; gives its path. */
function index(name: string, weights: Record<string, unknown>): string {
  const path = join(folder, name);
  const metadata = { total_size: 12 };
  writeFileSync(path, JSON.stringify({ metadata, weight_map: weights }));
  return path;
}

shard("one.safetensors", "a", "b");
shard("two.safetensors", "c");
index("model.safetensors.index.json", {
  a: "one.safetensors",
  b: "one.safetensors",
  c: "two.safetensors",
});

describe("openCheckpoint", () => {
  it("reads a checkpoint in several files by its folder", async () => {
    const checkpoint = await openCheckpoint(folder);
    assert.deepEqual([...checkpoint.tensors.keys()], ["a", "b", "c"]);
    assert.deepEqual([...(await checkpoint.read("b")).values], [2]);
    assert.deepEqual([...(await checkpoint.read("c")).values], [1]);
    await assert.rejects(checkpoint.read("d"), /unknown tensor "d"/);
    await checkpoint.close();
  });

  it("lists the tensors that an index promises and no file has", async () => {
    const path = index("lacking.json", {
      a: "one.safetensors",
      y: "one.safetensors",
      z: "two.safetensors",
    });
    await assert.rejects(
      openCheckpoint(path),
      /files without 2 of them: y in one.safetensors, z in two.safetensors/,
    );
  });

  for (const file of ["../one.safetensors", "/etc/hostname", "", 3]) {
    it(`refuses an index that leads to ${JSON.stringify(file)}`, async () => {
      const path = index("leading.json", { a: file });
      await assert.rejects(openCheckpoint(path), /a file beside the index/);
    });
  }

  it("refuses an index that names itself or is none", async () => {
    const path = index("self.json", { a: "self.json" });
    await assert.rejects(openCheckpoint(path), /a file beside the index/);
    writeFileSync(path, "{}");
    await assert.rejects(openCheckpoint(path), /expected a weight_map/);
    writeFileSync(path, "{");
    await assert.rejects(openCheckpoint(path), /an index in JSON/);
  });

  it("takes a file for safetensors though its length spells PK", async () => {
    const path = join(folder, "length.safetensors");
    const header = JSON.stringify({ a: entry("U8", [1], [0, 1]) });
    const bytes = file(header.padEnd(0x4b50), new Uint8Array([7]));
    assert.equal(String.fromCharCode(bytes[0], bytes[1]), "PK");
    writeFileSync(path, bytes);
    const checkpoint = await openCheckpoint(path);
    assert.deepEqual([...(await checkpoint.read("a")).values], [7]);
    await checkpoint.close();
  });

  it("tells what it looked for", async () => {
    await assert.rejects(
      openCheckpoint(join(folder, "nowhere")),
      /a file or folder, got nothing at .*nowhere/,
    );
    const empty = mkdtempSync(join(folder, "empty-"));
    await assert.rejects(
      openCheckpoint(empty),
      /model.safetensors or .* got an empty folder/,
    );
  });

  it("refuses a pipe, which no one may ever write into", async (t) => {
    const path = join(folder, "pipe.safetensors");
    if (spawnSync("mkfifo", [path]).status !== 0) return t.skip("no mkfifo");
    await assert.rejects(
      openCheckpoint(path),
      /expected a file, got something/,
    );
    rmSync(path);
  });

  it("notices that a file became shorter after it was opened", async () => {
    shard("shrinking.safetensors", "a", "b");
    const path = join(folder, "shrinking.safetensors");
    const checkpoint = await openCheckpoint(path);
    writeFileSync(path, "");
    await assert.rejects(checkpoint.read("b"), /has become shorter/);
    await checkpoint.close();
  });
});
