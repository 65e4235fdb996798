import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { writeWhole } from "../../../files/atomic.ts";
import { Crew } from "../../../threads/crew.ts";
import {
  openSoundfont,
  readSoundfontManifest,
  type Soundfont,
} from "../../soundfonts.ts";
import { clipsPerShard, readShard, renderShard } from "./clip-shard.ts";
import { openNoteBank } from "./note-bank.ts";
import { sceneOptions } from "./scene.ts";
import { type ClipSet, clipSets, sceneOf } from "./sets.ts";

export interface RenderSetOptions {
  /** Holds the sets' folders and the bank of notes; made if it is not there. */
  readonly folder: string;
  /** Manifest of the SoundFonts. */
  readonly soundfonts: string;
  readonly seed: number;
  readonly sampleRate: number; // Hz
  /** Clips; default the set's own number. */
  readonly count?: number;
  /** Worker threads; default as many as the machine has cores. */
  readonly nWorkers?: number;
  readonly signal?: AbortSignal;
  /** Called after each shard; `done` counts clips that were there already. */
  readonly onStep?: (done: number, of: number) => void;
}

/** What a set's clips follow from: another of these is another set. */
interface SetIdentity {
  readonly set: string;
  readonly seed: number;
  readonly sampleRate: number;
  readonly scene: typeof sceneOptions;
  /** Hash of the first scenes: of classes, voices and how they are drawn. */
  readonly plan: string;
  readonly clipsPerShard: number;
}

/**
 * Renders the clips of a set, a shard at a time in worker threads; goes on
 * where it was stopped.
 *
 * The same seed gives the same bytes on every machine, with any number of
 * workers: nothing is drawn but from streams named by set, seed and number.
 *
 * @returns the set's folder, for `openClips`
 * @throws RangeError for a folder that holds clips of other settings; what the
 * signal was aborted with
 */
export async function renderSet(
  name: keyof typeof clipSets,
  options: RenderSetOptions,
): Promise<string> {
  const { onStep, seed, signal } = options;
  const set: ClipSet = clipSets[name];
  const { count = set.count, nWorkers = availableParallelism() } = options;
  const folder = join(options.folder, name);
  mkdirSync(folder, { recursive: true });
  claim(folder, identityOf(set, options));
  const shards = Array.from(
    { length: Math.ceil(count / clipsPerShard) },
    (_, shard) => {
      const from = shard * clipsPerShard;
      const size = Math.min(clipsPerShard, count - from);
      return { shard, from, size };
    },
  );
  const missing = shards.filter(
    ({ shard, size }) => (readShard(folder, shard)?.length ?? 0) < size,
  );
  let done = count - missing.reduce((sum, { size }) => sum + size, 0);
  onStep?.(done, count);
  if (missing.length === 0) return folder;
  const { sampleRate, soundfonts } = options;
  const notes = join(options.folder, "notes");
  const given: ShardGiven = { notes, sampleRate, soundfonts };
  const place = { module: import.meta.url, name: "openShards", given };
  const size = Math.min(nWorkers, missing.length);
  const crew = new Crew<ShardJob, number>(place, { size, patience });
  const stop = () => void crew.close();
  signal?.addEventListener("abort", stop);
  try {
    signal?.throwIfAborted();
    await Promise.all(
      missing.map(async (one) => {
        done += await crew.run({ folder, name, seed, ...one });
        onStep?.(done, count);
      }),
    );
  } catch (error) {
    signal?.throwIfAborted(); // its end of the threads is no fault of theirs
    throw error;
  } finally {
    signal?.removeEventListener("abort", stop);
    await crew.close();
  }
  return folder;
}

/** Milliseconds for a shard, its notes included. */
const patience = 10 * 60_000;

interface ShardGiven {
  readonly notes: string;
  readonly sampleRate: number;
  readonly soundfonts: string;
}

interface ShardJob {
  readonly folder: string;
  readonly name: keyof typeof clipSets;
  readonly seed: number;
  readonly shard: number;
  /** Number of its first clip. */
  readonly from: number;
  readonly size: number;
}

/**
 * In a worker thread: renders shards, each SoundFont read when first needed.
 *
 * @public - named by `renderSet`, called in the thread
 */
export function openShards({ notes, sampleRate, soundfonts }: ShardGiven) {
  const manifest = readSoundfontManifest(soundfonts);
  const known = new Map<string, Soundfont>();
  const bank = openNoteBank({
    folder: notes,
    sampleRate,
    seconds: sceneOptions.seconds,
    soundfontNamed: (name) => {
      const font = known.get(name) ?? openSoundfont(manifest, name);
      known.set(name, font);
      return font;
    },
  });
  return async ({ folder, from, name, seed, shard, size }: ShardJob) => {
    const scenes = Array.from({ length: size }, (_, i) =>
      sceneOf(clipSets[name], from + i, seed),
    );
    await renderShard({ folder, shard }, scenes, bank);
    return size;
  };
}

function identityOf(
  set: ClipSet,
  { sampleRate, seed }: Pick<RenderSetOptions, "sampleRate" | "seed">,
): SetIdentity {
  const first = set.classes.map((_, i) => sceneOf(set, i, seed));
  const plan = createHash("sha256").update(JSON.stringify(first)).digest("hex");
  const scene = sceneOptions;
  return { set: set.name, seed, sampleRate, scene, plan, clipsPerShard };
}

/** Writes what a folder holds; refuses one that holds something else. */
function claim(folder: string, identity: SetIdentity): void {
  const path = join(folder, "set.json");
  if (!existsSync(path)) {
    writeWhole(path, `${JSON.stringify(identity, null, 2)}\n`);
    return;
  }
  const found = JSON.parse(readFileSync(path, "utf8"));
  for (const [field, wanted] of Object.entries(identity)) {
    const [got, expected] = [found[field], wanted].map((x) =>
      JSON.stringify(x),
    );
    if (got === expected) continue;
    throw new RangeError(
      `renderSet: expected clips with ${field} ${expected}, got ${got} ` +
        `(${folder}); remove the folder or choose another`,
    );
  }
}
