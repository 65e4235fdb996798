/**
 * Which licences the packages of a lock file have.
 *
 * `licences.json` lists those that any package may have, exceptions by name,
 * each with its reason, and what is inside packages that declare another
 * licence.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import satisfies from "spdx-satisfies";

/** A package's name, from its place in the lock file. */
const nameOf = (place) => place.slice(place.lastIndexOf("node_modules/") + 13);

/** The packages of a folder's lock file; not its own workspaces. */
function* packagesOf(folder) {
  const lock = join(folder, "package-lock.json");
  const { packages } = JSON.parse(readFileSync(lock, "utf8"));
  for (const [place, { license, link }] of Object.entries(packages)) {
    if (!place.includes("node_modules/") || link) continue;
    const licence = license ?? installedLicence(join(folder, place));
    yield { name: nameOf(place), licence, lock };
  }
}

/** What an installed package declares, in the forms that npm once had too. */
function installedLicence(folder) {
  const file = join(folder, "package.json");
  if (!existsSync(file)) return "none";
  const { license, licenses = [] } = JSON.parse(readFileSync(file, "utf8"));
  const all = [license, ...licenses].map((each) => each?.type ?? each);
  return all.filter(Boolean).join(" OR ") || "none";
}

function isAccepted(licence, accepted) {
  try {
    return satisfies(licence, accepted);
  } catch {
    return false; // no SPDX expression: only an exception can name it
  }
}

const isNamed = (pattern, name) =>
  pattern.endsWith("*")
    ? name.startsWith(pattern.slice(0, -1))
    : name === pattern;

/**
 * What is wrong with the licences of lock files, a line each.
 *
 * @param folders - where a package-lock.json is, and what it installed
 * @param list - accepted, exceptions, inside; as in licences.json
 */
export function licenceFaults(folders, { accepted, exceptions, inside }) {
  const packages = folders.flatMap((folder) => [...packagesOf(folder)]);
  const names = packages.map(({ name }) => name);
  const others = packages.filter(
    ({ licence }) => !isAccepted(licence, accepted),
  );
  const keyOf = ({ name }) =>
    Object.keys(exceptions).find((key) => isNamed(key, name));
  const used = others.map(keyOf);
  const stale = [
    ...Object.keys(exceptions).filter((key) => !used.includes(key)),
    ...Object.keys(inside).filter((name) => !names.includes(name)),
  ];
  return [
    ...others
      .map((each) => [each, exceptions[keyOf(each)]?.licence])
      .filter(([{ licence }, expected]) => licence !== expected)
      .map(([each, expected]) =>
        refused(each, expected ?? accepted.join(", ")),
      ),
    ...stale.map(
      (key) =>
        `licences: expected a package ${key}, got none that needs its entry; ` +
        "remove it from scripts/licences.json and the README",
    ),
  ];
}

const refused = ({ licence, lock, name }, expected) =>
  `licences: expected ${expected}, got "${licence}" (${name} in ${lock}); ` +
  "take another package, or add an exception with its reason to " +
  "scripts/licences.json and the README";
