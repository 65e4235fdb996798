import { readText } from "./read-text.ts";
import { askPatiently, type Hub, request } from "./request.ts";
import { shown } from "./shown.ts";

/** A hash that the hub keeps of a file, before anything is downloaded. */
export interface Hash {
  /** sha256 of a large file; git's own hash of a small one. */
  readonly kind: "sha256" | "git-sha1";
  readonly hex: string;
}

export interface HubFile {
  readonly path: string;
  readonly size: number; // bytes
  readonly hash: Hash;
}

/** One state of a repository: everything fetched comes from this commit. */
export interface Repository {
  readonly id: string;
  readonly commit: string;
  /** As its card says; undefined where it does not. */
  readonly license: string | undefined;
  readonly files: readonly HubFile[];
}

/**
 * Reads the hub's own list of a model's files, sizes and hashes.
 *
 * One request of ours: @huggingface/hub 2.17.5 (11 packages, 12 MB) asks twice,
 * gives up at the first status 500, waits on a silent server for more than 40 s,
 * passes on malformed commits and hashes, and sends a token over plain http.
 */
export async function describeRepository(
  id: string,
  hub: Hub,
): Promise<Repository> {
  const url = `${hub.endpoint}/api/models/${id}/revision/main?blobs=true`;
  return askPatiently(hub, async () =>
    readRepository(id, await readJson(url, hub)),
  );
}

async function readJson(url: string, hub: Hub): Promise<unknown> {
  const reply = await request(url, hub);
  const text = await readText("describeRepository", reply, url);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(
      `describeRepository: expected JSON, got "${shown(text, 40)}" ` +
        `(${url}); the endpoint may not be a hub`,
      { cause },
    );
  }
}

interface Listed {
  readonly rfilename: string;
  readonly size?: number;
  readonly blobId?: string;
  readonly lfs?: { readonly sha256?: string; readonly size?: number };
}

function readRepository(id: string, answer: unknown): Repository {
  const { cardData, sha, siblings, tags } = (answer ?? {}) as {
    readonly sha?: unknown;
    readonly siblings?: unknown;
    readonly cardData?: { readonly license?: unknown };
    readonly tags?: unknown;
  };
  if (typeof sha !== "string" || !/^[0-9a-f]{40}$/.test(sha)) {
    throw badAnswer(id, "a commit", sha);
  }
  if (!Array.isArray(siblings)) throw badAnswer(id, "files", siblings);
  const listed = Array.isArray(tags) ? tags : [];
  const tag = listed.find((word) => String(word).startsWith("license:"));
  const license = cardData?.license ?? tag?.toString().slice(8);
  return {
    id,
    commit: sha,
    license: license === undefined ? undefined : shown(String(license)),
    files: siblings.flatMap((file) => {
      if (typeof file?.rfilename === "string") return readFile(file) ?? [];
      throw badAnswer(id, "files with a name", file);
    }),
  };
}

/** A listed file; undefined where size or hash is missing or malformed. */
function readFile({ blobId, lfs, rfilename, size }: Listed) {
  const kind = lfs ? "sha256" : "git-sha1";
  const hex = lfs ? lfs.sha256 : blobId;
  const bytes = lfs?.size ?? size;
  const isHash = new RegExp(lfs ? "^[0-9a-f]{64}$" : "^[0-9a-f]{40}$");
  if (typeof hex !== "string" || !isHash.test(hex)) return undefined;
  if (!Number.isSafeInteger(bytes) || Number(bytes) < 0) return undefined;
  const hash: Hash = { kind, hex };
  return { path: rfilename, size: Number(bytes), hash };
}

function badAnswer(id: string, expected: string, got: unknown): Error {
  const text = shown(JSON.stringify(got) ?? "nothing", 40);
  return new Error(
    `describeRepository: expected ${expected} in the hub's answer, ` +
      `got ${text} (${id})`,
  );
}
