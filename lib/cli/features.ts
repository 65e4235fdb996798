import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { isSoundName } from "../audio/decode/sniff.ts";
import { progress } from "../display/progress.ts";
import type { EncoderDeclaration } from "../encoder/declaration.ts";
import {
  declaredEncoders,
  type PublishedEncoder,
  publishedEncoders,
} from "../encoder/list.ts";
import { openEncoder, type PretrainedEncoder } from "../encoder/pretrained.ts";
import { useEngine } from "../engine/engine.ts";
import { type FeatureCache, openFeatureCache } from "../features/cache.ts";
import type { FeatureShape } from "../features/estimate.ts";
import { failureLines, storeFeatures } from "../features/features-of.ts";
import { identify } from "../features/identity.ts";
import { weightsFolder } from "../hub/fetch.ts";
import { cacheOf } from "../session/folders.ts";
import { readSettings } from "../session/settings.ts";

const usageOf = (published: readonly PublishedEncoder[]) =>
  `npm run pal -- features AUDIO_FOLDER --encoder ENCODER --cache FOLDER

Computes what an encoder makes of every sound in AUDIO_FOLDER and below and
keeps it in the cache folder. Interrupted, it goes on where it stopped; bad
files are skipped and listed at the end.

  --encoder ENCODER  ${published.map(({ name }) => name).join(", ")},
                     or a folder with config.json and weights
  --cache FOLDER     where the features go
  --dtype DTYPE      float16 (default) or float32
  --estimate         say what disk it would take, and stop; for an encoder of
                     the list no weights are needed
  --verify           read everything in the cache and check it, at the end or,
                     without AUDIO_FOLDER, alone

PAL_ENGINE chooses the engine. Exit code: 0 fine, 1 if a file failed or an
entry is damaged, 2 wrong options.`;

/** Fills a feature cache from a folder of sounds. */
export async function features(
  args: readonly string[],
  encoders = declaredEncoders,
): Promise<number> {
  if (args.length === 0 || args.includes("--help") || args.includes("-h")) {
    console.log(usageOf(publishedEncoders(encoders)));
    return args.length === 0 ? 2 : 0;
  }
  let options: Options;
  try {
    options = readOptions(args);
  } catch (error) {
    console.error((error as Error).message);
    return 2;
  }
  const { engine } = readSettings(process.env);
  const isIdle = options.audio === undefined;
  const cache = await openFeatureCache(options.cache, {
    precision: options.dtype,
    engine: isIdle ? "none" : (await useEngine(engine)).description,
    report: (line) => console.error(line),
  });
  try {
    const isStored = !options.audio || (await store(options, cache, encoders));
    const isWhole = !options.isVerified || (await verify(cache));
    return isStored && isWhole ? 0 : 1;
  } finally {
    await cache.close();
  }
}

interface Options {
  /** What to encode; undefined only to verify. */
  readonly audio?: { readonly folder: string; readonly encoder: string };
  readonly cache: string;
  readonly dtype: "float16" | "float32";
  readonly isEstimate: boolean;
  readonly isVerified: boolean;
}

function readOptions(args: readonly string[]): Options {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      encoder: { type: "string" },
      cache: { type: "string" },
      dtype: { type: "string", default: "float16" },
      estimate: { type: "boolean", default: false },
      verify: { type: "boolean", default: false },
    },
  });
  const { cache, dtype, encoder, estimate, verify } = values;
  const [folder, ...rest] = positionals;
  if (dtype !== "float16" && dtype !== "float32") {
    throw new RangeError(
      `features: expected --dtype float16 or float32, got "${dtype}"`,
    );
  }
  const isComplete = folder !== undefined && encoder !== undefined;
  const isBare = folder === undefined && encoder === undefined;
  if (!cache || rest.length > 0 || !(isComplete || (isBare && verify))) {
    throw new RangeError(
      `features: expected AUDIO_FOLDER, --encoder and --cache, ` +
        `got "${args.join(" ")}"; --help tells more`,
    );
  }
  return {
    ...(isComplete ? { audio: { folder, encoder } } : {}),
    cache,
    dtype,
    isEstimate: estimate,
    isVerified: verify,
  };
}

/** Encodes what is not stored yet; false if a file failed. */
async function store(
  { audio, isEstimate }: Options,
  cache: FeatureCache,
  encoders: readonly EncoderDeclaration[],
): Promise<boolean> {
  const { paths, nOthers } = await soundsIn(audio!.folder);
  if (paths.length === 0) {
    throw new Error(
      `features: expected sounds (wav, flac, mp3, ogg, opus) in ` +
        `${audio!.folder}, got ${nOthers} other files`,
    );
  }
  const say = async (shape: FeatureShape) => {
    console.log((await cache.estimate(paths.length, [shape])).line);
    if (nOthers > 0) console.log(`${nOthers} files are not taken for sounds`);
  };
  const published = publishedEncoders(encoders).find(
    ({ name }) => name === audio!.encoder,
  );
  if (isEstimate && published) {
    await say(published);
    return true;
  }
  const path = published ? placeOf(published) : audio!.encoder;
  const report = (line: string) => console.error(line);
  const encoder = await openEncoder(path, { encoders, report });
  try {
    await say(encoder);
    return isEstimate || (await storeAll(paths, encoder, cache));
  } finally {
    encoder.dispose();
  }
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

/** The sounds of a folder and of those in it, in order. */
async function soundsIn(folder: string) {
  const entries = await readdir(folder, {
    recursive: true,
    withFileTypes: true,
  });
  const files = entries.filter((entry) => !entry.isDirectory());
  const paths = files
    .filter(({ name }) => isSoundName(name))
    .map(({ name, parentPath }) => join(parentPath, name))
    .sort();
  return { paths, nOthers: files.length - paths.length };
}
