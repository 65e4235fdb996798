import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import * as tf from "@tensorflow/tfjs";
import { toDanfo } from "../../lib/display/danfo.ts";
import { table } from "../../lib/display/table.ts";
import { temporaryFolder, textScreen } from "./screens.ts";

const folder = temporaryFolder();
const { screen } = textScreen();
const options = { name: "scores", folder, screen };

describe("toDanfo", () => {
  const source = table(
    [
      { design: "baseline", score: 0.5, seeds: 2, note: null },
      { design: "delayed-fusion", score: null, seeds: 2, note: "a" },
      { design: "attention-only", score: 2.25, seeds: 0 },
    ],
    options,
  );

  it("gives a DataFrame with the same columns, kinds and rows", async () => {
    const frame = await toDanfo(source);
    assert.deepEqual(frame.columns, ["design", "score", "seeds", "note"]);
    assert.deepEqual(frame.shape, [3, 4]);
    assert.deepEqual(frame.dtypes, ["string", "float32", "int32", "string"]);
    assert.deepEqual(frame.column("seeds").values, [2, 2, 0]);
  });

  it("comes back as the table it was", async () => {
    const back = table(await toDanfo(source), options);
    assert.deepEqual(back.objects(), source.objects());
  });

  it("leaves the engine and its tensors alone", async () => {
    const engines = () => Object.keys(tf.engine().registryFactory);
    await tf.setBackend("cpu");
    const kept = tf.tensor([1, 2]);
    const before = [engines(), tf.getBackend(), tf.memory().numTensors];
    await toDanfo(source);
    const after = [engines(), tf.getBackend(), tf.memory().numTensors];
    assert.deepEqual(after, before);
    kept.dispose();
  });

  it("prints nothing", () => {
    const program = `
      import { toDanfo } from "./lib/display/danfo.ts";
      import { table } from "./lib/display/table.ts";
      const screen = { write() {} };
      const options = { name: "t", folder: process.argv[1], screen };
      toDanfo(table([{ x: 1 }], options)).then((frame) =>
        console.log(frame.shape.join()));`;
    const { stderr, stdout } = spawnSync(
      process.execPath,
      ["--import", "tsx", "--input-type=module", "--eval", program, folder],
      {
        cwd: fileURLToPath(new URL("../..", import.meta.url)),
        encoding: "utf8",
      },
    );
    assert.deepEqual([stdout, stderr], ["1,1\n", ""]);
  });
});
