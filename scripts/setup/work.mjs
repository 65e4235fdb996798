/**
 * The user's own copies of the notebooks, in `work/`.
 *
 * Jupyter saves what is open every two minutes: opened in place, a stored
 * notebook would lose the outputs of its full run. The folder lies as deep as
 * `notebooks/`, so that relative paths and imports mean the same in both.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./paths.mjs";
import { hashOf, writeWhole } from "./stamp.mjs";

export const workFolder = join(root, "work");
/** For each copy the hash of what it was made from. */
const originFile = join(workFolder, ".origins.json");

function readOrigins() {
  if (!existsSync(originFile)) return {};
  try {
    return JSON.parse(readFileSync(originFile, "utf8"));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return {}; // then every copy counts as the user's own
  }
}

const hashOfFile = (path) => hashOf([readFileSync(path, "utf8")]);

/**
 * Copies what is new, renews the copies that nobody changed, and keeps all
 * others.
 *
 * @param say - takes a line for each copy that is made, renewed or behind
 */
export function copyNotebooks(say) {
  const stored = join(root, "notebooks");
  mkdirSync(workFolder, { recursive: true });
  const origins = readOrigins();
  const names = readdirSync(stored).filter((name) => name.endsWith(".ipynb"));
  for (const name of names.sort()) {
    const copy = join(workFolder, name);
    const now = hashOfFile(join(stored, name));
    const mine = existsSync(copy) ? hashOfFile(copy) : undefined;
    const isUntouched = mine === undefined || mine === origins[name];
    if (mine === now || (origins[name] === now && !isUntouched)) continue;
    if (isUntouched) {
      writeWhole(copy, readFileSync(join(stored, name)));
      origins[name] = now;
      say(`      work/${name} ${mine ? "renewed" : "copied"} from notebooks/`);
    } else {
      say(
        `      work/${name} is yours and kept; notebooks/${name} has changed ` +
          "since: delete yours to begin afresh",
      );
    }
  }
  writeWhole(originFile, `${JSON.stringify(origins, null, 2)}\n`);
}
