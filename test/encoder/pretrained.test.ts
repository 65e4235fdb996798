import assert from "node:assert/strict";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { openEncoder } from "../../lib/encoder/pretrained.ts";
import { random } from "../../lib/tensor/random.ts";
import { parityFolder, startEngine } from "./support.ts";

const folder = mkdtempSync(join(tmpdir(), "pal-lab-encoder-"));
after(() => rmSync(folder, { recursive: true }));

/** Half a second of noise. */
function noise(name: string, sampleRate: number): Float32Array {
  const chance = random(name);
  return Float32Array.from({ length: sampleRate / 2 }, () =>
    chance.uniform(-0.5, 0.5),
  );
}

describe("openEncoder", () => {
  before(startEngine);

  it("refuses a clip that SSLAM's stored positions do not reach", async () => {
    // The fixture's positions are for 16 steps; a picture has 64.
    const encoder = await openEncoder(join(parityFolder, "sslam-tiny-short"));
    assert.equal(encoder.name, "sslam");
    assert.deepEqual([encoder.width, encoder.sampleRate], [32, 16_000]);
    assert.throws(
      () => encoder.encode(noise("clip", 16_000)),
      /at most 256, got 1024/,
    );
    encoder.dispose();
  });

  it("refuses CLAP of another number of bands than its front-end", async () => {
    const encoder = await openEncoder(join(parityFolder, "htsat-b"));
    assert.deepEqual([encoder.name, encoder.width], ["clap", 64]);
    assert.deepEqual([encoder.grid.steps, encoder.grid.bands], [16, 1]);
    assert.throws(
      () => encoder.encode(noise("clip", 48_000)),
      /expected L=32 in axes BFL, got shape \[1,1001,64\]/,
    );
    encoder.dispose();
  });

  it("reads the part of a file that is named", async () => {
    const pair = join(parityFolder, "..", "torch", "pair.pt");
    await assert.rejects(openEncoder(pair), /by the option `part`$/);
    await assert.rejects(
      openEncoder(pair, { part: "0" }),
      /openEncoder: expected the tensors of .*, got others/,
    );
  });

  it("warns of weights that are known to be broken", async () => {
    const broken = join(folder, "larger_clap_music");
    mkdirSync(broken);
    for (const file of ["config.json", "model.safetensors"]) {
      copyFileSync(join(parityFolder, "htsat-b", file), join(broken, file));
    }
    const lines: string[] = [];
    const report = (line: string) => lines.push(line);
    const encoder = await openEncoder(broken, { report });
    encoder.dispose();
    assert.match(
      lines.join(),
      /larger_clap_music is known to be broken: it gives nearly/,
    );
  });

  it("leaves nothing open or in memory where it fails", async () => {
    const before = tf.memory().numTensors;
    const alone = join(folder, "alone");
    mkdirSync(alone);
    const model = join(alone, "model.safetensors");
    copyFileSync(join(parityFolder, "htsat-b", "model.safetensors"), model);
    // Without a config.json the official sizes are expected.
    await assert.rejects(openEncoder(model), /loadHtsat: .* of another shape/);
    writeFileSync(join(alone, "config.json"), "{");
    await assert.rejects(openEncoder(alone), /expected JSON in .*config.json/);
    copyFileSync(join(parityFolder, "bicubic", "io.safetensors"), model);
    rmSync(join(alone, "config.json"));
    await assert.rejects(openEncoder(alone), /the tensors of SSLAM or CLAP/);
    assert.equal(tf.memory().numTensors, before);
  });
});
