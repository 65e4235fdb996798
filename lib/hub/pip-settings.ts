import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/** Where pip looks unless it is told otherwise. */
const pypi = "https://pypi.org/simple";

/** pip's settings that say where packages are. */
const keys = ["index-url", "extra-index-url", "no-index"] as const;
type Settings = Partial<Record<(typeof keys)[number], string>>;

/**
 * Addresses of the package indexes that `pip download` would ask, in its order:
 * from the environment, pip's files, or PyPI.
 *
 * @param readText - text of a file; undefined where there is none
 * @throws Error where pip is told to use no index
 */
export function pipIndexes(
  env: Environment,
  readText: (path: string) => string | undefined = textAt,
): readonly string[] {
  const settings: Settings = {};
  for (const path of pipFiles(env)) {
    Object.assign(settings, settingsIn(readText(path) ?? ""));
  }
  for (const key of keys) {
    const value = env[`PIP_${key.toUpperCase().replaceAll("-", "_")}`];
    if (value) settings[key] = value;
  }
  if (/^(1|y|yes|t|true|on)$/i.test(settings["no-index"] ?? "")) {
    throw new Error(
      "pipIndexes: expected a package index, got pip's setting no-index; " +
        "unset PIP_NO_INDEX, or no-index in pip's configuration",
    );
  }
  const extra = settings["extra-index-url"] ?? "";
  return [settings["index-url"] ?? pypi, ...extra.split(/\s+/)]
    .filter((address) => address !== "")
    .map((address) => address.replace(/\/+$/, ""));
}

/** Files that pip reads, in its order: the later ones win. */
function pipFiles(env: Environment): string[] {
  const { APPDATA, PIP_CONFIG_FILE, VIRTUAL_ENV, XDG_CONFIG_HOME } = env;
  if (PIP_CONFIG_FILE === "/dev/null" || PIP_CONFIG_FILE === "nul") return [];
  const home = env.HOME || homedir();
  const ofSystem = (env.XDG_CONFIG_DIRS || "/etc/xdg").split(delimiter);
  const name = APPDATA ? "pip.ini" : "pip.conf";
  return [
    ...ofSystem.map((folder) => join(folder, "pip", name)),
    join("/etc", name),
    join("/Library/Application Support/pip", name),
    join(home, ".pip", name),
    join(home, "Library/Application Support/pip", name),
    join(APPDATA || XDG_CONFIG_HOME || join(home, ".config"), "pip", name),
    ...(VIRTUAL_ENV ? [join(VIRTUAL_ENV, name)] : []),
    ...(PIP_CONFIG_FILE ? [PIP_CONFIG_FILE] : []),
  ];
}

/** Sections that count for `pip download`; its own one over the general. */
const sections = ["global", "download"];

/** The settings of a configuration file; a value may go on in indented lines. */
function settingsIn(text: string): Settings {
  const found = sections.map((): Settings => ({}));
  let section = -1;
  let key: (typeof keys)[number] | undefined;
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*([#;]|$)/.test(line)) continue;
    const more = /^\s+(.*)$/.exec(line)?.[1];
    if (more !== undefined) {
      if (key) found[section][key] += ` ${more}`;
      continue;
    }
    key = undefined;
    const title = /^\[(.*)\]/.exec(line)?.[1];
    if (title !== undefined) section = sections.indexOf(title);
    const [, name, value] = /^([^=:]+?)\s*[=:]\s*(.*)$/.exec(line) ?? [];
    key = keys.find((known) => known === name?.replaceAll("_", "-"));
    if (key && section >= 0) found[section][key] = value;
    else key = undefined;
  }
  return Object.assign({}, ...found);
}

/** A file that is not there, or not ours to read, says nothing. */
function textAt(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (["ENOENT", "ENOTDIR", "EACCES"].includes(String(code)))
      return undefined;
    throw cause;
  }
}
