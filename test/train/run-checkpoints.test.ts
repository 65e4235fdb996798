import assert from "node:assert/strict";
import { cpSync, readdirSync, rmSync, truncateSync } from "node:fs";
import { basename, join } from "node:path";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { openCheckpoint } from "../../lib/checkpoint/checkpoint.ts";
import { writeSafetensors } from "../../lib/checkpoint/write-safetensors.ts";
import { readMetrics } from "../../lib/runlog/metrics.ts";
import type { Tensors } from "../../lib/tensor/params.ts";
import { runTraining } from "../../lib/train/run/run-training.ts";
import {
  openWeights,
  saveWeights,
  weightsBy,
} from "../../lib/train/run/weights.ts";
import { temporaryFolder } from "../temporary.ts";
import { startEngine } from "../use-engine.ts";
import { filesIn } from "./files-in.ts";
import {
  hashOfParams,
  tinyIdentity,
  tinyOptions,
  tinyTraining,
} from "./tiny-run.ts";

const root = temporaryFolder();
const begun = join(root, "begun");
let wanted = "";
let copies = 0;

/** A copy of a run that has checkpoints at steps 4 and 6. */
function copy(): string {
  const folder = join(root, `copy-${++copies}`);
  cpSync(begun, folder, { recursive: true });
  return folder;
}

const run = (folder: string, said: string[] = []) =>
  runTraining(
    tinyTraining(6),
    tinyOptions(folder, { report: (line) => said.push(line) }),
    hashOfParams,
  );

function checkpointAt(folder: string, step: number): string {
  const name = `step-${String(step).padStart(9, "0")}`;
  const found = readdirSync(folder).find((one) => one.startsWith(name));
  return join(folder, found!);
}

/** Writes a checkpoint anew, whole, with other tensors than it had. */
async function rewrite(
  path: string,
  change: (tensors: Record<string, tf.Tensor>) => void,
): Promise<string> {
  const checkpoint = await openCheckpoint(path);
  const tensors: Record<string, tf.Tensor> = {};
  for (const [name, { shape }] of checkpoint.tensors) {
    const { values } = await checkpoint.read(name);
    tensors[name] = tf.tensor(values, [...shape]);
  }
  await checkpoint.close();
  rmSync(path);
  change(tensors);
  return writeSafetensors(
    (sha256) => path.replace(/[0-9a-f]{64}/, sha256),
    tensors as Tensors,
    Object.fromEntries(checkpoint.metadata!),
  );
}

const changes: readonly (readonly [
  string,
  (tensors: Record<string, tf.Tensor>) => void,
  RegExp,
])[] = [
  [
    "with NaN in a parameter",
    (all) => {
      all["params.up"] = all["params.up"].mul(Number.NaN);
    },
    /expected finite numbers, got NaN \(tensor "params\.up"/,
  ],
  [
    "with an infinite moment",
    (all) => {
      all["square.down"] = all["square.down"].add(Number.POSITIVE_INFINITY);
    },
    /expected finite numbers, got Infinity \(tensor "square\.down"/,
  ],
  [
    "with a parameter too many",
    (all) => {
      all["params.side"] = tf.zeros([2]);
    },
    /expected 6 tensors, got 0 missing.* 1 extra[\s\S]*extra params\.side/,
  ],
  [
    "with a parameter too few",
    (all) => {
      delete all["params.up"];
    },
    /expected 6 tensors, got 1 missing[\s\S]*missing params\.up/,
  ],
  [
    "with a parameter of another shape",
    (all) => {
      all["mean.up"] = tf.zeros([24, 16]);
    },
    /shape of mean\.up: expected \[16,24\], got \[24,16\]/,
  ],
];

describe("a checkpoint", () => {
  before(startEngine);
  before(async () => {
    wanted = await run(begun);
  });

  for (const [what, change, message] of changes) {
    it(`${what} is refused, and nothing is touched; moved away, the one before serves`, async () => {
      const folder = copy();
      const path = await rewrite(checkpointAt(folder, 6), change);
      const files = filesIn(folder);
      await assert.rejects(run(folder), (error: Error) => {
        assert.equal(error.name, "RangeError");
        assert.match(error.message, message);
        assert.ok(error.message.includes(path));
        return /Move it away, and the one before it is used/.test(
          error.message,
        );
      });
      assert.deepEqual(filesIn(folder), files);
      rmSync(path);
      assert.equal(await run(folder), wanted);
    });
  }

  it("that is cut off is named and set aside, and the one before it used", async () => {
    const folder = copy();
    const path = checkpointAt(folder, 6);
    truncateSync(path, 1000);
    const said: string[] = [];
    assert.equal(await run(folder, said), wanted);
    assert.ok(said[0].includes(path) && /is damaged/.test(said[0]), said[0]);
    assert.equal(said[1], "train: net goes on after step 4");
    assert.ok(readdirSync(folder).includes(`${basename(path)}.damaged`));
    const lines = readMetrics(join(folder, "metrics.jsonl"));
    assert.equal(lines.length, 6);
  });

  it("is missed where all are damaged, however often it is asked for", async () => {
    const folder = copy();
    for (const step of [4, 6]) truncateSync(checkpointAt(folder, step), 1000);
    for (const _ of ["now", "again"]) {
      await assert.rejects(run(folder), {
        name: "Error",
        message:
          /expected a whole checkpoint in .*, got only damaged ones: .*step-000000004.*step-000000006.*remove them to begin/,
      });
      const lines = readMetrics(join(folder, "metrics.jsonl"));
      assert.equal(lines.length, 6);
    }
    for (const name of readdirSync(folder)) {
      if (name.endsWith(".damaged")) rmSync(join(folder, name));
    }
    assert.equal(await run(folder), wanted);
  });
});

describe("a stage's weights", () => {
  before(startEngine);
  const save = (folder: string, tensors: Tensors) => {
    cpSync(begun, folder, { recursive: true });
    return saveWeights(folder, tensors, tinyIdentity);
  };

  it("are refused cut off, with NaN, with one too many and too few", async () => {
    const { params } = tinyTraining(1);
    const open = (found: ReturnType<typeof save>) =>
      openWeights(found, params, tinyIdentity);
    const cut = save(join(root, "cut"), params);
    truncateSync(cut.path, 1000);
    await assert.rejects(
      open(cut),
      /got a damaged file .*train its stage again/,
    );
    const cases: readonly (readonly [Tensors, RegExp])[] = [
      [{ ...params, up: params.up.mul(Number.NaN) }, /got NaN \(tensor "up"/],
      [{ ...params, side: tf.zeros([1]) }, /extra side/],
      [{ up: params.up }, /missing down/],
    ];
    for (const [i, [tensors, message]] of cases.entries()) {
      const found = save(join(root, `weights-${i}`), tensors);
      await assert.rejects(open(found), { name: "RangeError", message });
    }
  });

  it("are refused where there are several", async () => {
    const folder = join(root, "several");
    const { params } = tinyTraining(1);
    save(folder, params);
    saveWeights(folder, { ...params, up: params.down }, tinyIdentity);
    const place = tinyOptions(folder);
    await assert.rejects(weightsBy(place, { steps: 6 }), {
      message: /expected one file of weights, got 2 in .*; move all but/,
    });
  });
});
