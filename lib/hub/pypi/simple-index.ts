import { readText } from "../read-text.ts";
import { askPatiently, type Hub, type Remedies, request } from "../request.ts";
import { shown } from "../shown.ts";

/** A file as an index lists it. */
export interface IndexedFile {
  readonly name: string;
  readonly url: string;
  /** In hex; an index need not tell it. */
  readonly sha256: string | undefined;
}

const caller = "filesOfPackage";
const json = "application/vnd.pypi.simple.v1+json";

const remedies: Remedies = {
  network: "check the network, a proxy, and pip's index-url",
  status: {
    401: "the index asks for a user: put it into pip's index-url",
    403: "the index refuses this user; check pip's index-url",
    404: "the index does not have it; check pip's index-url",
  },
};

/**
 * How an index, or what it lists, is asked; its password goes to itself alone.
 *
 * @param url - of an index, with user:password@ where it needs one
 */
export function askingOf(
  index: string,
  hub: Omit<Hub, "endpoint" | "token">,
): { readonly hub: Hub; readonly url: string; readonly plain: Hub } {
  const url = new URL(index);
  const { password, username } = url;
  url.username = "";
  url.password = "";
  const plain: Hub = { ...hub, remedies, endpoint: url.origin };
  const pair = [username, password].map(decodeURIComponent).join(":");
  const own = username ? { ...plain, basic: pair } : plain;
  return { hub: own, plain, url: url.href.replace(/\/+$/, "") };
}

/**
 * The files of a package at an index: PEP 691's JSON, or PEP 503's page where
 * a mirror has no other.
 */
export async function filesOfPackage(
  name: string,
  { hub, url: index }: { readonly hub: Hub; readonly url: string },
): Promise<IndexedFile[]> {
  const plain = name.toLowerCase().replace(/[-_.]+/g, "-");
  const asked = `${index}/${plain}/`;
  return askPatiently(hub, async () => {
    const accept = `${json}, text/html;q=0.1`;
    const reply = await request(asked, hub, { accept });
    const { headers, url } = reply.response;
    const text = await readText(caller, reply, asked);
    const type = headers.get("content-type") ?? "";
    return /json/.test(type) ? fromJson(text, url) : fromPage(text, url);
  });
}

function fromJson(text: string, url: string): IndexedFile[] {
  let answer: { readonly files?: unknown };
  try {
    answer = JSON.parse(text);
  } catch (cause) {
    throw badList(`"${shown(text, 40)}"`, url, { cause });
  }
  const { files } = answer ?? {};
  if (!Array.isArray(files)) throw badList("no files", url);
  return files.flatMap((file) => {
    const { filename, hashes, url: place } = file ?? {};
    if (typeof filename !== "string") return [];
    return fileAt(filename, String(place), {
      base: url,
      sha256: hashes?.sha256,
    });
  });
}

async function fromPage(text: string, url: string): Promise<IndexedFile[]> {
  const { JSDOM } = await import("jsdom"); // large, and seldom needed
  const { window } = new JSDOM(text); // runs no script
  try {
    const links = [...window.document.querySelectorAll("a[href]")];
    return links.flatMap((link) => {
      const [place, fragment] = (link.getAttribute("href") ?? "").split("#");
      const [, sha256] = /^sha256=([0-9a-f]{64})$/.exec(fragment ?? "") ?? [];
      return fileAt(link.textContent.trim(), place, { base: url, sha256 });
    });
  } finally {
    window.close();
  }
}

/** A listed file, or none where its address is none. */
function fileAt(
  name: string,
  place: string,
  { base, sha256 }: { readonly base: string; readonly sha256: unknown },
): IndexedFile[] {
  const url = URL.canParse(place, base) ? new URL(place, base) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) return [];
  return [
    {
      name,
      url: url.href,
      sha256: typeof sha256 === "string" ? sha256 : undefined,
    },
  ];
}

function badList(got: string, url: string, options?: ErrorOptions): Error {
  return new Error(
    `${caller}: expected a list of files, got ${got} (${url}); ` +
      "pip's index-url may name no index",
    options,
  );
}
