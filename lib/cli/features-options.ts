import type { EncoderDeclaration } from "../encoder/declaration.ts";
import { publishedEncoders } from "../encoder/list.ts";
import { readCommandLine } from "./options.ts";

/** Before a network's name: that network, small, with random weights. */
export const randomPrefix = "random-";

/** How the command is called, with the encoders that have a name. */
export const usageOf = (encoders: readonly EncoderDeclaration[]) =>
  `npm run pal -- features AUDIO_FOLDER --encoder ENCODER --cache FOLDER

Computes what an encoder makes of every sound in AUDIO_FOLDER and below and
keeps it in the cache folder. Interrupted, it goes on where it stopped; bad
files are skipped and listed at the end.

  --encoder ENCODER  ${namesIn(publishedEncoders(encoders))};
                     ${namesIn(encoders, randomPrefix)}:
                     small, and nothing learned; or a folder with the weights
                     and, where a network has one, config.json
  --cache FOLDER     where the features go
  --dtype DTYPE      float16 (default) or float32
  --estimate         say what disk it would take, and stop; needs no --cache,
                     no engine and, for an encoder with a name, no weights
  --verify           read everything in the cache and check it, at the end or,
                     without AUDIO_FOLDER, alone

PAL_ENGINE chooses the engine. Exit code: 0 fine, 1 if a file failed or an
entry is damaged, 2 wrong options.`;

/** Names one after the other, in lines as long as the others. */
function namesIn(
  encoders: readonly { readonly name: string }[],
  prefix = "",
): string {
  const lines = [""];
  for (const [i, { name }] of encoders.entries()) {
    const word = prefix + name + (i < encoders.length - 1 ? "," : "");
    const line = `${lines.at(-1)} ${word}`.trim();
    if (line.length > 58) lines.push(word);
    else lines[lines.length - 1] = line;
  }
  return lines.join(`\n${" ".repeat(21)}`);
}

export interface FeaturesOptions {
  /** What to encode; undefined only to verify. */
  readonly audio?: { readonly folder: string; readonly encoder: string };
  /** Where features go; an estimate may do without. */
  readonly cache?: string;
  readonly dtype: "float16" | "float32";
  readonly isEstimate: boolean;
  readonly isVerified: boolean;
}

/** Reads the command line; throws with a line that says what is wrong. */
export function readFeaturesOptions(args: readonly string[]): FeaturesOptions {
  const { positionals, values } = readCommandLine("features", {
    args: [...args],
    allowPositionals: true,
    options: {
      encoder: { type: "string" },
      cache: { type: "string" },
      dtype: { type: "string", default: "float16" },
      estimate: { type: "boolean", default: false },
      verify: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
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
  const isPlaced = cache || (estimate && !verify);
  if (!isPlaced || rest.length > 0 || !(isComplete || (isBare && verify))) {
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
