import { createHash } from "node:crypto";
import {
  createServer,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { encoderNamed } from "../../lib/encoder/list.ts";

/** Published weights that lie on the hub. */
export function onHub(name: string) {
  const weights = encoderNamed(name);
  if ("repository" in weights) return weights;
  throw new RangeError(`onHub: expected weights on the hub, got ${name}`);
}

const commit = "0123456789abcdef0123456789abcdef01234567";

interface Listed extends Record<string, unknown> {
  /** Sent as it is, in place of JSON. */
  text?: string;
}

/** Answers one request for a file's bytes; true when it did so itself. */
export type Fault = (
  request: IncomingMessage,
  response: ServerResponse,
  bytes: Uint8Array,
) => boolean;

/** A hub on this machine that can be told to misbehave, request by request. */
export async function fakeHub(files: Record<string, Uint8Array>) {
  const faults: Fault[] = [];
  const seen: IncomingMessage[] = [];
  const listed: Listed = {};
  const server = createServer((request, response) => {
    const path = decodeURI(request.url ?? "");
    if (path.startsWith("/api/models/")) {
      response.setHeader("content-type", "application/json");
      const { text, ...changes } = listed;
      response.end(text ?? JSON.stringify({ ...listing(files), ...changes }));
      return;
    }
    seen.push(request);
    const name = Object.keys(files).find((file) => path.endsWith(`/${file}`));
    const bytes = name === undefined ? undefined : files[name];
    if (bytes === undefined) {
      response.writeHead(404).end("not here");
    } else if (!faults.shift()?.(request, response, bytes)) {
      sendRange(request, response, bytes);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    files,
    /** What goes wrong in the next requests for bytes, in order. */
    faults,
    /** What the listing says in place of the truth. */
    listed,
    /** Requests for bytes so far. */
    seen,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export type FakeHub = Awaited<ReturnType<typeof fakeHub>>;

/** Answers as a good server does, from the byte that is asked for. */
export function sendRange(
  request: IncomingMessage,
  response: ServerResponse,
  bytes: Uint8Array,
): void {
  const range = /^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1];
  if (range === undefined) {
    response.writeHead(200, { "content-length": bytes.length });
    response.end(bytes);
    return;
  }
  const from = Number(range);
  response.writeHead(206, {
    "content-length": bytes.length - from,
    "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}`,
  });
  response.end(bytes.subarray(from));
}

/** Promises every byte and hangs up after `count`. */
export const dropAfter =
  (count: number): Fault =>
  (request, response, bytes) => {
    const from = Number(/\d+/.exec(request.headers.range ?? "")?.[0] ?? 0);
    response.writeHead(from > 0 ? 206 : 200, {
      "content-length": bytes.length - from,
      "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}`,
    });
    response.write(bytes.subarray(from, from + count), () =>
      setTimeout(() => response.destroy(), 20),
    );
    return true;
  };

export const answer =
  (status: number, headers: Record<string, string> = {}): Fault =>
  (_request, response) => {
    response.writeHead(status, headers).end("no");
    return true;
  };

/** The right length, other bytes. */
export const corrupt: Fault = (request, response, bytes) => {
  sendRange(
    request,
    response,
    bytes.map((byte) => byte ^ 1),
  );
  return true;
};

/** As if no range had been asked for. */
export const ignoreRange: Fault = (_request, response, bytes) => {
  response.writeHead(200, { "content-length": bytes.length }).end(bytes);
  return true;
};

function listing(files: Record<string, Uint8Array>) {
  const siblings = Object.entries(files).map(([rfilename, bytes]) => {
    const size = bytes.length;
    const git = createHash("sha1").update(`blob ${size}\0`).update(bytes);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const isLarge = !rfilename.endsWith(".json");
    const lfs = isLarge ? { lfs: { sha256, size } } : {};
    return { rfilename, size, blobId: git.digest("hex"), ...lfs };
  });
  return { sha: commit, cardData: { license: "mit" }, siblings };
}
