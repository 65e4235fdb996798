import { createHash } from "node:crypto";
import { fakeHub } from "../fake-hub.ts";

export const sha256 = (bytes: Uint8Array) =>
  createHash("sha256").update(bytes).digest("hex");

/** A page of an index, with links as PyPI has them. */
export function pageOf(
  ...links: readonly (readonly [href: string, name: string])[]
): Uint8Array {
  const rows = links.map(
    ([href, name]) => `<a href="${href}">${name}</a><br/>`,
  );
  return new TextEncoder().encode(
    `<!DOCTYPE html><html><body>\n${rows.join("\n")}\n</body></html>`,
  );
}

/** An index on this machine that has one package, of one file. */
export async function fakePypi(
  name: string,
  { bytes, file }: { readonly bytes: Uint8Array; readonly file: string },
) {
  const links = [
    ["../old-0.1.tar.gz", "old-0.1.tar.gz"],
    [`../../files/${file}`, file],
  ] as const;
  const hub = await fakeHub({
    [`${name}/`]: pageOf(...links),
    [file]: bytes,
  });
  return { ...hub, index: `${hub.endpoint}/simple` };
}

export type FakePypi = Awaited<ReturnType<typeof fakePypi>>;
