import { createHash } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { type Fault, sendRange } from "../fake-hub.ts";

const sha256 = (bytes: Uint8Array) =>
  createHash("sha256").update(bytes).digest("hex");

/** How an index answers, changed as a test needs it. */
interface Manner {
  /** A page, as old mirrors have, in place of JSON. */
  isPage: boolean;
  /** user:password that it asks for. */
  user: string | undefined;
  /** Sent as it is. */
  text: string | undefined;
  /** Hashes in place of the files' own. */
  hashes: Record<string, string | undefined>;
}

/** An index of one package on this machine, told to misbehave as wanted. */
export async function fakeIndex(
  name: string,
  files: Record<string, Uint8Array>,
) {
  const faults: Fault[] = [];
  const seen: IncomingMessage[] = [];
  const manner: Manner = {
    ...{ isPage: false, user: undefined, text: undefined },
    hashes: {},
  };
  const hashOf = (file: string) =>
    file in manner.hashes ? manner.hashes[file] : sha256(files[file]);
  const listed = () => Object.keys(files);
  const page = () =>
    listed()
      .map((file) => {
        const hash = hashOf(file);
        const fragment = hash ? `#sha256=${hash}` : "";
        return `<a href="../../files/${file}${fragment}">${file}</a><br/>`;
      })
      .join("\n");
  const json = () =>
    JSON.stringify({
      files: listed().map((file) => ({
        filename: file,
        url: `/files/${file}`,
        hashes: hashOf(file) ? { sha256: hashOf(file) } : {},
      })),
    });
  const server = createServer((request, response) => {
    seen.push(request);
    const { authorization } = request.headers;
    const pair = Buffer.from(manner.user ?? "").toString("base64");
    if (manner.user && authorization !== `Basic ${pair}`) {
      response.writeHead(401).end("who are you?");
      return;
    }
    const path = decodeURI(request.url ?? "");
    if (path === `/simple/${name}/`) {
      const type = manner.isPage
        ? "text/html"
        : "application/vnd.pypi.simple.v1+json";
      response.setHeader("content-type", type);
      response.end(manner.text ?? (manner.isPage ? page() : json()));
      return;
    }
    const bytes = files[path.replace("/files/", "")];
    if (bytes === undefined) response.writeHead(404).end("not here");
    else if (!faults.shift()?.(request, response, bytes)) {
      sendRange(request, response, bytes);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/simple`,
    files,
    faults,
    manner,
    /** Requests of all kinds so far. */
    seen,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export type FakeIndex = Awaited<ReturnType<typeof fakeIndex>>;

/** What a manifest would say of a file. */
export function pinnedOf(name: string, file: string, bytes: Uint8Array) {
  return {
    ...{ name, version: "0.1.2", file },
    bytes: bytes.length,
    sha256: sha256(bytes),
  };
}
