import { existsSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { isSoundName } from "../audio/decode/sniff.ts";
import { progress } from "../display/progress.ts";
import type { EncoderDeclaration } from "../encoder/declaration.ts";
import {
  declaredEncoders,
  type PublishedEncoder,
  publishedEncoders,
} from "../encoder/list.ts";
import { openEncoder, type PretrainedEncoder } from "../encoder/pretrained.ts";
import { randomEncoder } from "../encoder/random-encoder.ts";
import { useEngine } from "../engine/engine.ts";
import { type FeatureCache, openFeatureCache } from "../features/cache.ts";
import {
  diskNeed,
  estimateDisk,
  type FeatureShape,
} from "../features/estimate.ts";
import { failureLines, storeFeatures } from "../features/features-of.ts";
import { identify } from "../features/identity.ts";
import { weightsFolder } from "../hub/fetch.ts";
import { cacheOf } from "../session/folders.ts";
import { readSettings } from "../session/settings.ts";
import {
  type FeaturesOptions,
  randomPrefix,
  readFeaturesOptions,
  usageOf,
} from "./features-options.ts";
import { meant } from "./options.ts";

type Audio = NonNullable<FeaturesOptions["audio"]>;

/** Fills a feature cache from a folder of sounds. */
export async function features(
  args: readonly string[],
  encoders = declaredEncoders,
): Promise<number> {
  if (args.length === 0 || args.includes("--help") || args.includes("-h")) {
    console.log(usageOf(encoders));
    return args.length === 0 ? 2 : 0;
  }
  let options: FeaturesOptions;
  try {
    options = readFeaturesOptions(args);
  } catch (error) {
    console.error((error as Error).message);
    return 2;
  }
  if (options.audio && options.isEstimate) {
    await estimate(options.audio, options, encoders);
    if (!options.isVerified) return 0;
    options = { ...options, audio: undefined };
  }
  return fill(options, encoders);
}

/** Says what disk the features of a folder's sounds would take. */
async function estimate(
  audio: Audio,
  { cache, dtype }: FeaturesOptions,
  encoders: readonly EncoderDeclaration[],
): Promise<void> {
  const sounds = await soundsIn(audio.folder);
  const shape = await shapeOf(audio.encoder, encoders);
  const need = diskNeed(sounds.paths.length, [shape], dtype);
  const folder = cache === undefined ? "." : existingAbove(resolve(cache));
  const { line } = await estimateDisk(folder, need);
  for (const each of [line, ...sounds.notes]) console.log(each);
}

/** The folder itself, or the nearest above it that is there. */
function existingAbove(folder: string): string {
  return existsSync(folder) ? folder : existingAbove(dirname(folder));
}

/** An encoder's grid and width: of a published one without its weights. */
async function shapeOf(
  name: string,
  encoders: readonly EncoderDeclaration[],
): Promise<FeatureShape> {
  const published = publishedEncoders(encoders).find(
    (each) => each.name === name,
  );
  if (published) return published;
  const encoder = await open(name, encoders);
  encoder.dispose();
  return encoder;
}

async function fill(
  options: FeaturesOptions,
  encoders: readonly EncoderDeclaration[],
): Promise<number> {
  const { engine } = readSettings(process.env);
  const isIdle = options.audio === undefined;
  // Before the engine starts: what is missing is said at once.
  const sounds = options.audio && (await soundsIn(options.audio.folder));
  const cache = await openFeatureCache(options.cache!, {
    precision: options.dtype,
    engine: isIdle ? "none" : (await useEngine(engine)).description,
    report: (line) => console.error(line),
  });
  try {
    const isStored =
      !sounds || (await store(sounds, options.audio!, { cache, encoders }));
    const isWhole = !options.isVerified || (await verify(cache));
    return isStored && isWhole ? 0 : 1;
  } finally {
    await cache.close();
  }
}

interface StoreOptions {
  readonly cache: FeatureCache;
  readonly encoders: readonly EncoderDeclaration[];
}

/** Encodes what is not stored yet; false if a file failed. */
async function store(
  { notes, paths }: Sounds,
  audio: Audio,
  { cache, encoders }: StoreOptions,
): Promise<boolean> {
  const encoder = await open(audio.encoder, encoders);
  try {
    console.log((await cache.estimate(paths.length, [encoder])).line);
    for (const note of notes) console.log(note);
    return await storeAll(paths, encoder, cache);
  } finally {
    encoder.dispose();
  }
}

/** An encoder by its name in the list, by "random-" and a network's, or path. */
async function open(
  name: string,
  encoders: readonly EncoderDeclaration[],
): Promise<PretrainedEncoder> {
  const networks = encoders.map((each) => randomPrefix + each.name);
  if (networks.includes(name)) {
    console.error(`features: ${name} is small and has learned nothing`);
    return randomEncoder(name.slice(randomPrefix.length), 1, encoders);
  }
  const published = publishedEncoders(encoders);
  const found = published.find((each) => each.name === name);
  if (found === undefined && !existsSync(name)) {
    const known = [...published.map((each) => each.name), ...networks];
    throw new RangeError(
      `features: expected --encoder as a folder or one of ` +
        `${known.join(", ")}, got "${name}"${meant(name, known)}`,
    );
  }
  const report = (line: string) => console.error(line);
  return openEncoder(found ? placeOf(found) : name, { encoders, report });
}

async function storeAll(
  paths: readonly string[],
  encoder: PretrainedEncoder,
  cache: FeatureCache,
): Promise<boolean> {
  const bar = progress(paths.length, encoder.name);
  let nDone = 0;
  const summary = await storeFeatures(paths, encoder, {
    store: { cache, identity: identify(encoder) },
    onStep: ({ failures, nComputed, nRead }) => {
      const all = nComputed + nRead + failures.length;
      bar.tick(
        all - nDone,
        failures.length > 0 ? `${failures.length} bad` : "",
      );
      nDone = all;
    },
  }).finally(bar.done);
  const { failures, nComputed, nRead } = summary;
  console.log(`${nComputed} computed, ${nRead} stored before`);
  if (failures.length > 0) console.log(failureLines(summary));
  return failures.length === 0;
}

async function verify(cache: FeatureCache): Promise<boolean> {
  const found = await cache.verify();
  const { damaged, engines, nBytes, nEntries, unnamedBytes } = found;
  for (const line of damaged) console.log(line);
  console.log(
    `${nEntries} whole entries, ${nBytes} bytes; ${damaged.length} damaged; ` +
      `${unnamedBytes} bytes of no entry`,
  );
  for (const [engine, n] of engines) console.log(`  ${n} by ${engine}`);
  return damaged.length === 0;
}

/** The folder of weights that were fetched. */
function placeOf({ name }: PublishedEncoder): string {
  const path = weightsFolder(cacheOf(process.env), name);
  if (existsSync(path)) return path;
  throw new Error(
    `features: expected the weights of ${name} in ${path}, got nothing; ` +
      `run \`npm run pal -- fetch ${name}\``,
  );
}

interface Sounds {
  readonly paths: readonly string[];
  /** What a user should know of the other files. */
  readonly notes: readonly string[];
}

/** The sounds of a folder and of those in it, in order; at least one. */
async function soundsIn(folder: string): Promise<Sounds> {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (!found?.isDirectory()) {
    throw new Error(
      `features: expected a folder of sounds at ${folder}, ` +
        `got ${found ? "a file" : "nothing"}; check the path`,
    );
  }
  const entries = await readdir(folder, {
    recursive: true,
    withFileTypes: true,
  });
  const files = entries.filter((entry) => !entry.isDirectory());
  const paths = files
    .filter(({ name }) => isSoundName(name))
    .map(({ name, parentPath }) => join(parentPath, name))
    .sort();
  const nOthers = files.length - paths.length;
  if (paths.length === 0) {
    throw new Error(
      `features: expected sounds (wav, flac, mp3, ogg, opus) in ` +
        `${folder}, got ${nOthers} other files`,
    );
  }
  const notes = [`${nOthers} files are not taken for sounds`];
  return { paths, notes: nOthers > 0 ? notes : [] };
}
