import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, describe, it } from "node:test";
import { openCheckpoint } from "../../lib/checkpoint/checkpoint.ts";
import type { PinnedFile } from "../../lib/encoder/declaration.ts";
import { keepTensors } from "../../lib/encoder/keep-tensors.ts";
import { encoderNamed, publishedEncoders } from "../../lib/encoder/list.ts";
import { readTensors } from "../checkpoint/support.ts";
import { sha256 } from "../hub/pypi/fake-pypi.ts";
import { parityFolder } from "./support.ts";
import { tinyEncoders, tinyPackages } from "./tiny-cache.ts";

const folder = mkdtempSync(join(tmpdir(), "pal-lab-packages-"));
after(() => rmSync(folder, { recursive: true }));

const manifests = resolve(import.meta.dirname, "..", "..", "data-manifests");
const read = (name: string) =>
  JSON.parse(readFileSync(join(manifests, name), "utf8"));

describe("the manifest of encoders in packages", () => {
  const manifest = read("encoders.json");

  it("has the fields that its schema names, and no others", () => {
    const schema = read("encoders.schema.json");
    assert.deepEqual(
      Object.keys(manifest).sort(),
      Object.keys(schema.properties).sort(),
    );
    const { items } = schema.properties.weights;
    const pattern = new RegExp(items.properties.kept.properties.sha256.pattern);
    for (const entry of manifest.weights) {
      assert.deepEqual(Object.keys(entry).sort(), items.required.toSorted());
      const files: PinnedFile[] = [entry.package, entry.kept, ...entry.files];
      for (const { bytes, sha256 } of files) {
        assert.match(sha256, pattern);
        assert.ok(Number.isInteger(bytes) && bytes > 0);
      }
      assert.ok(entry.license.length > 0 && entry.credit.length > 0);
    }
  });

  it("says of each what its declaration says", () => {
    const declared = publishedEncoders().flatMap((weights) => {
      if (!("package" in weights)) return [];
      const { credit, kept, license, name, shards = [] } = weights;
      const { part: _, ...checkpoint } = weights.checkpoint;
      const files = [checkpoint, ...shards];
      return [{ name, license, credit, package: weights.package, files, kept }];
    });
    const listed = manifest.weights.map(
      ({ title: _, ...entry }: { readonly title: string }) => entry,
    );
    assert.deepEqual(listed, declared);
  });

  it("names the authors where a license asks for it", () => {
    const { credit, license } = manifest.weights[0];
    assert.equal(license, "cc-by-4.0");
    assert.match(credit, /Alison Bernice Ma and Alexander Lerch/);
    const told = readFileSync(join(manifests, "README.md"), "utf8");
    assert.match(told, /Alison Bernice Ma and Alexander Lerch/);
  });
});

describe("keepTensors", () => {
  const tiny = tinyPackages();
  const keep = (name: "aisfx" | "musicnn", from = name) => {
    const { weights } = tiny[name];
    const files = new Map(tiny[from].members);
    return keepTensors(
      { ...encoderNamed(name, tinyEncoders()), ...weights },
      async ({ file }) => files.get(file) ?? [...files.values()][0],
      join(folder, `${name}.safetensors`),
    );
  };

  for (const name of ["aisfx", "musicnn"] as const) {
    it(`writes ${name}'s tensors, the same bytes everywhere`, async () => {
      const bytes = readFileSync(await keep(name));
      const { kept } = tiny[name].weights;
      assert.equal(bytes.length, kept.bytes);
      assert.equal(sha256(bytes), kept.sha256);
    });
  }

  it("keeps every number and name, leaves out classifiers, says whose", async () => {
    const path = await keep("musicnn");
    const kept = await readTensors(path);
    const whole = await readTensors(join(parityFolder, "musicnn-tiny"));
    assert.equal(kept.size, 52);
    for (const [name, tensor] of kept) {
      assert.deepEqual(tensor, whole.get(name), name);
    }
    const { close, metadata } = await openCheckpoint(path);
    assert.deepEqual([...metadata!.keys()].sort(), [
      "credit",
      "license",
      "source",
    ]);
    assert.equal(
      metadata!.get("source"),
      "PyPI musicnn-0.1.0-py3-none-any.whl, musicnn/MTT_musicnn/.index",
    );
    await close();
  });

  it("refuses another network's checkpoint", async () => {
    await assert.rejects(
      keep("musicnn", "aisfx"),
      /unknown tensor "batch_normalization\/gamma"|no dict|parts/,
    );
  });
});
