import { createHash } from "node:crypto";
import { constants, createReadStream } from "node:fs";
import { lstat, open, readFile, rename, rm, stat } from "node:fs/promises";
import { writeWhole } from "../files/atomic.ts";
import type { Hash, HubFile } from "./repository.ts";
import {
  type Hub,
  hubDefaults,
  PassingFailure,
  pauseAfter,
  request,
} from "./request.ts";
import { shown } from "./shown.ts";

/** Called as bytes arrive; `done` jumps back when a download starts over. */
export type OnProgress = (done: number, total: number) => void;

export interface Download extends HubFile {
  readonly url: string;
  /** Where the whole, verified file goes. */
  readonly target: string;
  readonly onProgress?: OnProgress;
}

/**
 * Downloads a file, going on where an earlier attempt stopped.
 *
 * Bytes gather in `<target>.part`; beside it, `<target>.part.json` names the
 * hash they are for, so a part of another version is thrown away. The file
 * gets its name only after its hash is verified; a wrong hash costs one fresh
 * start, a second one is an error.
 */
export async function download(file: Download, hub: Hub): Promise<void> {
  const part = `${file.target}.part`;
  await refuseLink(part);
  await refuseLink(`${part}.json`);
  await adoptPart(part, file.hash);
  for (let start = 1; start <= 2; start++) {
    await fillPart(part, file, hub);
    const found = await hashOfFile(part, file.hash.kind);
    if (found === file.hash.hex) {
      await rename(part, file.target);
      await rm(`${part}.json`, { force: true });
      return;
    }
    await rm(part, { force: true });
    if (start === 2) {
      throw new Error(
        `download: expected ${file.hash.kind} ${file.hash.hex}, got ${found} ` +
          `twice (${file.path}); the server or a proxy changes the file`,
      );
    }
  }
}

/** True where the file is there, whole, and of the right hash. */
export async function isWhole(
  path: string,
  { hash, size }: HubFile,
): Promise<boolean> {
  const length = await sizeOf(path);
  return length === size && (await hashOfFile(path, hash.kind)) === hash.hex;
}

/** Length of a file; undefined where there is none. */
export async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ size }) => size,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    },
  );
}

/** Bytes through a link would go into another's file, wherever it leads. */
async function refuseLink(path: string): Promise<void> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (!found || found.isFile()) return;
  const kind = found.isSymbolicLink() ? "a symbolic link" : "something else";
  throw new Error(
    `download: expected a plain file or none at ${path}, got ${kind}; ` +
      "remove it",
  );
}

/** A file to be written from its start or on; no link is followed. */
const { O_CREAT, O_NOFOLLOW = 0, O_RDWR, O_TRUNC } = constants;
const writing = {
  anew: O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW,
  on: O_RDWR | O_NOFOLLOW,
};

/** Throws away a part that belongs to another version of the file. */
async function adoptPart(part: string, hash: Hash): Promise<void> {
  const label = JSON.stringify(hash);
  const found = await readFile(`${part}.json`, "utf8").catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return "";
      throw error;
    },
  );
  if (found === label) return;
  await rm(part, { force: true });
  writeWhole(`${part}.json`, label);
}

/** Progress that is worth a fresh round of attempts. */
const newHope = 2 ** 20; // bytes

async function fillPart(part: string, file: Download, hub: Hub): Promise<void> {
  const { attempts = hubDefaults.attempts } = hub;
  let mark = (await sizeOf(part)) ?? 0;
  for (let failures = 0; ; ) {
    try {
      if (await transfer(part, file, hub)) return;
      throw new PassingFailure(
        `download: expected ${file.size} bytes, got ${await sizeOf(part)} ` +
          `before the connection closed (${file.path})`,
      );
    } catch (error) {
      if (!(error instanceof PassingFailure)) throw error;
      const size = (await sizeOf(part)) ?? 0;
      if (size >= mark + newHope) {
        failures = 0;
        mark = size;
      }
      if (++failures >= attempts) throw error;
      await pauseAfter(error, failures, hub);
    }
  }
}

/** One attempt; true when the part has all its bytes. */
async function transfer(
  part: string,
  { onProgress, path, size, url }: Download,
  hub: Hub,
): Promise<boolean> {
  let at = (await sizeOf(part)) ?? 0;
  if (at > size) at = 0;
  if (at === size && size > 0) return true;
  // Compressed transfer would make the lengths and ranges meaningless.
  const headers = {
    "accept-encoding": "identity",
    ...(at > 0 ? { range: `bytes=${at}-` } : {}),
  };
  const { chunks, response } = await request(url, hub, headers);
  const from = startOf(response, at);
  if (from === undefined) {
    await response.body?.cancel();
    await rm(part, { force: true });
    throw new PassingFailure(
      `download: expected bytes from ${at} on, got status ` +
        `${response.status} and range ` +
        `"${shown(response.headers.get("content-range") ?? "")}" (${path})`,
    );
  }
  at = from;
  const output = await open(part, at > 0 ? writing.on : writing.anew);
  try {
    for await (const chunk of chunks) {
      if (at + chunk.length > size) {
        await output.truncate(0);
        throw new PassingFailure(
          `download: expected ${size} bytes, got more (${path})`,
        );
      }
      await output.write(chunk, 0, chunk.length, at);
      at += chunk.length;
      onProgress?.(at, size);
    }
    await output.sync();
  } finally {
    await output.close();
  }
  return at === size;
}

/** Where the answer's bytes belong; undefined where that is of no use. */
function startOf(
  { headers, status }: Response,
  asked: number,
): number | undefined {
  if (status === 416) return undefined;
  if (status !== 206) return 0; // the server sends it all, asked or not
  const range = headers.get("content-range") ?? "";
  const from = /^bytes (\d+)-/.exec(range)?.[1];
  return Number(from) === asked ? asked : undefined;
}

/** Hash of a file, as the hub counts it. */
export async function hashOfFile(
  path: string,
  kind: Hash["kind"],
): Promise<string> {
  const hash = createHash(kind === "sha256" ? "sha256" : "sha1");
  if (kind === "git-sha1") hash.update(`blob ${await sizeOf(path)}\0`);
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}
