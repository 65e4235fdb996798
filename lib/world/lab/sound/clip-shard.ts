import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { encodeWav } from "../../../audio/wav.ts";
import { writeWhole } from "../../../files/atomic.ts";
import type { NoteBank } from "./note-bank.ts";
import { renderScene } from "./render.ts";
import { type Scene, sceneOptions } from "./scene.ts";
import { type ClipTruth, truthOf } from "./truth.ts";

/** Clips of a file: a WAV of a minute or so holds them one after another. */
export const clipsPerShard = 100;

/** A shard's two files: what is heard, and what is true of it. */
export function shardPaths(folder: string, shard: number) {
  const name = `clips-${String(shard).padStart(4, "0")}`;
  return {
    sound: join(folder, `${name}.wav`),
    truth: join(folder, `${name}.jsonl`),
  };
}

/** The truths of a shard that is done; nothing of one that is not. */
export function readShard(
  folder: string,
  shard: number,
): readonly ClipTruth[] | undefined {
  const { sound, truth } = shardPaths(folder, shard);
  if (!existsSync(truth) || !existsSync(sound)) return undefined;
  const lines = readFileSync(truth, "utf8").trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as ClipTruth);
}

/** Renders scenes into a shard; its truths are written last and close it. */
export async function renderShard(
  { folder, shard }: { readonly folder: string; readonly shard: number },
  scenes: readonly Scene[],
  bank: NoteBank,
): Promise<void> {
  const { seconds } = sceneOptions;
  const perClip = Math.round(seconds * bank.sampleRate);
  const samples = new Float32Array(perClip * scenes.length);
  const truths: ClipTruth[] = [];
  for (const [i, scene] of scenes.entries()) {
    const rendered = await renderScene(scene, bank);
    samples.set(rendered.samples, i * perClip);
    truths.push(truthOf(scene, rendered.offsets));
  }
  const { sound, truth } = shardPaths(folder, shard);
  writeWhole(sound, encodeWav(samples, bank.sampleRate));
  const lines = truths.map((one) => JSON.stringify(one));
  writeWhole(truth, `${lines.join("\n")}\n`);
}
