import assert from "node:assert/strict";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { encodeWav } from "../../../lib/audio/wav.ts";
import { renderToFiles } from "../../../lib/world/toy/clip-files.ts";
import {
  clipOptions,
  planClips,
  renderClip,
} from "../../../lib/world/toy/clips.ts";
import { tim } from "../../soundfonts.ts";

const clips = { ...clipOptions, seconds: 0.2 };
const plans = (count: number, seed = 1) =>
  planClips("files", "TimGM6mb", { count, seed }, clips);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pal-lab-clips-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const render = (count: number, seed = 1, onStep = () => {}) =>
  renderToFiles(plans(count, seed), {
    clips,
    folder,
    onStep,
    soundfonts: [tim()],
  });

describe("renderToFiles", () => {
  it("writes what renderClip renders, in the order of the plans", async () => {
    const paths = await render(2);
    for (const [i, plan] of plans(2).entries()) {
      const { samples } = await renderClip(plan, tim(), clips);
      const wav = Buffer.from(encodeWav(samples, clips.sampleRate));
      assert.ok(readFileSync(paths[i]).equals(wav));
    }
  });

  it("leaves files that are there and goes on after them", async () => {
    const [first] = await render(1);
    const before = statSync(first, { bigint: true }).mtimeNs;
    let steps = 0;
    const paths = await render(3, 1, () => steps++);
    assert.equal(paths[0], first);
    assert.equal(statSync(first, { bigint: true }).mtimeNs, before);
    assert.equal(steps, 3);
    assert.equal(readdirSync(folder).length, 3);
  });

  it("gives another plan another file", async () => {
    const [one] = await render(1, 1);
    const [other] = await render(1, 2);
    assert.notEqual(one, other);
  });

  it("refuses a plan whose SoundFont it has not", async () => {
    const options = { clips, folder, soundfonts: [] };
    await assert.rejects(
      renderToFiles(plans(1), options),
      /expected soundfont "TimGM6mb", got none \(clip files-TimGM6mb-0\)/,
    );
  });
});
