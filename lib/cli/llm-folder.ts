import { existsSync } from "node:fs";
import { weightsFolder } from "../hub/fetch.ts";
import { cacheOf } from "../session/folders.ts";
import { publishedLlms } from "./fetch.ts";
import { meant } from "./options.ts";

/**
 * The folder of a language model: of one that was fetched, by its name, or a
 * user's own.
 *
 * @throws Error where it is not there, with what brings it
 */
export function llmFolder(
  name: string,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const names = publishedLlms().map((llm) => llm.name);
  if (!names.includes(name)) {
    if (existsSync(name)) return name;
    throw new RangeError(
      `llm: expected a folder or one of ${names.join(", ")}, ` +
        `got "${name}"${meant(name, names)}; check the path`,
    );
  }
  const folder = weightsFolder(cacheOf(env), name);
  if (existsSync(folder)) return folder;
  throw new Error(
    `llm: expected the weights of ${name} in ${folder}, got nothing; ` +
      `run \`npm run pal -- fetch ${name}\``,
  );
}
