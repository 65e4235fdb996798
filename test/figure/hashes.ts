/** Prints a hash of each figure's files: run as a process of its own. */
import { createHash } from "node:crypto";
import type { Drawing, Figure } from "../../lib/figure/figure.ts";
import { renderFigure } from "../../lib/figure/render/render.ts";
import { everyKind } from "./examples.ts";

/** Hashes of a figure's SVG and PNG. */
export async function hashesOf(figure: Figure | Drawing): Promise<string[]> {
  const { png, svg } = await renderFigure(figure);
  return [svg, png].map((bytes) =>
    createHash("sha256").update(bytes).digest("hex"),
  );
}

export async function allHashes(): Promise<string[][]> {
  const hashes: string[][] = [];
  for (const figure of everyKind()) hashes.push(await hashesOf(figure));
  return hashes;
}

if (process.argv[2] === "print") {
  allHashes().then((hashes) => console.log(JSON.stringify(hashes)));
}
