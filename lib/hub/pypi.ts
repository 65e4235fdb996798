import { askPatiently } from "./patience.ts";
import type { HubFile } from "./repository.ts";
import { type Hub, type Remedies, request, textOf } from "./request.ts";
import { shown } from "./shown.ts";

/** A file of a package on PyPI, as it must be. */
export interface PypiFile {
  /** Of the package, in lower case with "-" between words. */
  readonly project: string;
  /** The wheel's whole name. */
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Where a file lies, and how its server is asked. */
export interface FoundFile {
  readonly url: string;
  readonly server: Hub;
}

/** The file as `download` takes it. */
export function pinned({ bytes, file, sha256 }: PypiFile): HubFile {
  return { path: file, size: bytes, hash: { kind: "sha256", hex: sha256 } };
}

const remedies: Remedies = {
  network:
    "check the network, a proxy, and pip's settings of the index " +
    "(PIP_INDEX_URL)",
  byStatus: {
    401: "the index wants a name and password in its address",
    403: "the index wants another name or password in its address",
    404: "the package is not there; check pip's settings of the index",
  },
};

/**
 * Where a package index has a file: the first of the indexes that lists it.
 *
 * Nothing else of the index is believed: length and hash are known before.
 *
 * @param indexes - addresses, as pip's settings have them
 * @throws Error that says what each index answered
 */
export async function findOnPypi(
  { file, project, sha256 }: PypiFile,
  indexes: readonly string[],
  patience: Omit<Hub, "endpoint"> = {},
): Promise<FoundFile> {
  const faults: string[] = [];
  let cause: unknown;
  for (const address of indexes) {
    try {
      const { index, server } = serverOf(address, patience);
      const links = await linksOf(`${index}/${project}/`, server);
      const names = [file, encodeURIComponent(file)];
      const found = links.find(({ name }) => names.includes(name));
      const hash = found?.url.hash.replace(/^#sha256=/, "") || sha256;
      if (found && hash === sha256) {
        found.url.hash = "";
        return { url: found.url.href, server: serverFor(found.url, server) };
      }
      faults.push(
        found
          ? `${index} has one of sha256 ${shown(hash, 64)}, not ${sha256}`
          : `${index} lists ${links.length} other files of ${project}`,
      );
    } catch (error) {
      if (patience.signal?.aborted) throw error;
      cause = error;
      faults.push((error as Error).message);
    }
  }
  throw new Error(
    `findOnPypi: expected ${file} at a package index, ` +
      `got: ${faults.join("; ")}`,
    { cause },
  );
}

/** An index without the name and password that its address may hold. */
function serverOf(address: string, patience: Omit<Hub, "endpoint">) {
  if (!/^https?:\/\/[^/]/.test(address) || !URL.canParse(address)) {
    throw new RangeError(
      `findOnPypi: expected an index's http address, ` +
        `got "${shown(address.replace(/\/\/[^/]*@/, "//"))}"; check pip's settings (PIP_INDEX_URL)`,
    );
  }
  const url = new URL(address);
  const secret = [url.username, url.password].map(decodeURIComponent).join(":");
  url.username = "";
  url.password = "";
  const index = url.href.replace(/\/+$/, "");
  const basic = Buffer.from(secret).toString("base64");
  const server: Hub = {
    ...patience,
    endpoint: index,
    remedies,
    ...(secret === ":" ? {} : { basic }),
  };
  return { index, server };
}

/** The password stays where it belongs. */
function serverFor(url: URL, server: Hub): Hub {
  if (url.origin === new URL(server.endpoint).origin) return server;
  const { basic: _, ...rest } = server;
  return { ...rest, endpoint: url.origin };
}

const largestPage = 32 * 2 ** 20; // characters

/** Files that an index's page of a project links to. */
async function linksOf(
  page: string,
  server: Hub,
): Promise<{ readonly name: string; readonly url: URL }[]> {
  return askPatiently(server, async () => {
    const reply = await request(page, server, { accept: "text/html" });
    const text = await textOf(reply, largestPage);
    const base = reply.response.url || page;
    return [...text.matchAll(/<a\s[^>]*?href=(["'])(.*?)\1/gis)].flatMap(
      ([, , href]) => {
        const address = href.replaceAll("&amp;", "&");
        if (!URL.canParse(address, base)) return [];
        const url = new URL(address, base);
        const name = url.pathname.split("/").at(-1) ?? "";
        return [{ name, url }];
      },
    );
  });
}
