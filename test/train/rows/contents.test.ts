import assert from "node:assert/strict";
import {
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { writeSafetensors } from "../../../lib/checkpoint/write-safetensors.ts";
import {
  contentRows,
  savedRows,
  stateRecord,
} from "../../../lib/train/rows/contents.ts";
import { openCheckpoints } from "../../../lib/train/run/checkpoints.ts";
import type { Identity } from "../../../lib/train/run/identity.ts";
import { begin } from "../../../lib/train/training.ts";
import { startEngine } from "../../use-engine.ts";

const root = mkdtempSync(join(tmpdir(), "pal-contents-"));
after(() => rmSync(root, { recursive: true }));

const identity: Identity = {
  ...{ design: "net", stage: "one", scale: "tiny", library: "0" },
  ...{ seed: 1, config: "none", manifest: "none", start: "none" },
};

/** A folder with checkpoints after these steps. */
function saved(name: string, steps: readonly number[]) {
  const folder = join(root, name);
  const report = () => {};
  const checkpoints = openCheckpoints(folder, { identity, report });
  const params = {
    connector: { a: tf.zeros([2, 3]), b: tf.zeros([4]) },
    llama: { c: tf.ones([5]) },
  };
  const paths = steps.map((step) => {
    const { state } = begin({ params });
    return checkpoints.save({ progress: { state, step }, place: 8 * step });
  });
  return { folder, paths };
}

describe("what a stage has saved", () => {
  before(startEngine);

  it("is told file by file, with what a damage does to it", async () => {
    const { folder, paths } = saved("two", [3, 7]);
    writeFileSync(join(folder, "run.json"), "{}");
    const bytes = readFileSync(paths[1]);
    bytes[bytes.length >> 1] ^= 1;
    writeFileSync(paths[1], bytes);
    const rows = await savedRows(folder);
    assert.deepEqual(
      rows.map(({ bytes, path, whole }) => ({ bytes, path, whole })),
      paths.map((path, i) => ({
        ...{ path, bytes: statSync(path).size },
        whole: i === 0 ? "yes" : "no",
      })),
    );
    const [, , hash] = basename(paths[0]).split(/[-.]/);
    assert.equal(rows[0].file, `step-000000003-${hash.slice(0, 8)}`);
  });

  it("holds parameters and two moments of each, by part", async () => {
    const [path] = saved("parts", [1]).paths;
    assert.deepEqual(
      await contentRows(path),
      ["mean", "params", "square"].flatMap((kind) => [
        { tensors: `${kind}.connector`, count: 2, numbers: 10 },
        { tensors: `${kind}.llama`, count: 1, numbers: 5 },
      ]),
    );
  });

  it("says where it stands, and whose it is", async () => {
    const [path] = saved("place", [5]).paths;
    assert.deepEqual(await stateRecord(path), {
      ...{ step: 5, place: 40 },
      settings: identity,
    });
  });

  it("is no state where nothing says so", async () => {
    const path = join(root, "weights.safetensors");
    writeSafetensors(path, { a: tf.zeros([1]) });
    await assert.rejects(stateRecord(path), {
      name: "TypeError",
      message: /expected a training's state, got a file without "train_state"/,
    });
  });
});
