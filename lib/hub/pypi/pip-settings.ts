import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/** Where pip would look for packages. */
export interface PipSettings {
  /** Addresses of indexes, the first one first. */
  readonly indexes: readonly string[];
  /** What names no index over http, and is passed over here. */
  readonly passedOver: readonly string[];
}

/** Where pip looks unless it is told. */
const usualIndex = "https://pypi.org/simple";

/**
 * Which indexes pip is set to use, without pip: from its environment variables
 * and its configuration files, in its own order (pip's documentation,
 * "Configuration").
 *
 * @throws RangeError where pip is told to use no index
 */
export function pipSettings(
  env: Environment,
  options: {
    readonly home?: string;
    readonly platform?: NodeJS.Platform;
  } = {},
): PipSettings {
  const settings = new Map<string, string>();
  const files = configFiles(env, options).map(readSections);
  // A command's own section counts more than any file's global one.
  for (const section of ["global", "download"]) {
    for (const sections of files) {
      for (const [key, value] of sections.get(section) ?? []) {
        settings.set(key, value);
      }
    }
  }
  for (const [name, value] of Object.entries(env)) {
    if (value && /^PIP_\w+$/.test(name)) {
      settings.set(keyOf(name.slice("PIP_".length)), value);
    }
  }
  if (/^(1|true|yes|on|y|t)$/i.test(settings.get("no-index") ?? "")) {
    throw new RangeError(
      "pipSettings: expected an index of packages, got pip's setting no-index",
    );
  }
  const named = [
    settings.get("index-url") ?? usualIndex,
    ...(settings.get("extra-index-url") ?? "").split(/\s+/),
  ].filter((url) => url !== "");
  const isIndex = (url: string) => /^https?:\/\/[^/]/.test(url);
  return {
    indexes: named.filter(isIndex).map((url) => url.replace(/\/+$/, "")),
    passedOver: named.filter((url) => !isIndex(url)),
  };
}

/** Later ones count more. */
function configFiles(
  env: Environment,
  {
    home = homedir(),
    platform = process.platform,
  }: { readonly home?: string; readonly platform?: NodeJS.Platform },
): string[] {
  const { PIP_CONFIG_FILE: last, VIRTUAL_ENV } = env;
  if (last === "/dev/null" || last === "nul") return []; // pip's way to say none
  const name = platform === "win32" ? "pip.ini" : "pip.conf";
  const legacy = join(home, platform === "win32" ? "pip" : ".pip", name);
  return [
    ...wholeSystem(env, platform).map((folder) => join(folder, name)),
    legacy,
    ...ofUser(env, { home, platform }).map((folder) => join(folder, name)),
    ...(VIRTUAL_ENV ? [join(VIRTUAL_ENV, name)] : []),
    ...(last ? [last] : []),
  ];
}

function wholeSystem(env: Environment, platform: NodeJS.Platform): string[] {
  if (platform === "win32") return ["C:\\ProgramData\\pip"];
  if (platform === "darwin") return ["/Library/Application Support/pip"];
  const folders = (env.XDG_CONFIG_DIRS || "/etc/xdg").split(":");
  return [...folders.map((folder) => join(folder, "pip")), "/etc"];
}

function ofUser(
  env: Environment,
  {
    home,
    platform,
  }: { readonly home: string; readonly platform: NodeJS.Platform },
): string[] {
  if (platform === "win32") return [join(env.APPDATA ?? home, "pip")];
  const plain = join(env.XDG_CONFIG_HOME || join(home, ".config"), "pip");
  if (platform !== "darwin") return [plain];
  return [plain, join(home, "Library", "Application Support", "pip")];
}

/** PIP_INDEX_URL, index_url and index-url are one setting. */
const keyOf = (name: string) => name.toLowerCase().replaceAll("_", "-");

type Sections = Map<string, Map<string, string>>;

/** A file as Python's configparser reads it; none where there is none. */
function readSections(path: string): Sections {
  const sections: Sections = new Map();
  let section = new Map<string, string>();
  let key: string | undefined;
  for (const line of textAt(path).split(/\r?\n/)) {
    if (/^\s*([#;]|$)/.test(line)) continue;
    const [, title] = /^\[(.+?)\]/.exec(line) ?? [];
    const [, name, value] =
      /^([^\s=:][^=:]*?)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
    if (title !== undefined) {
      section = sections.get(title) ?? new Map();
      sections.set(title, section);
      key = undefined;
    } else if (/^\s/.test(line) && key !== undefined) {
      section.set(key, `${section.get(key)}\n${line.trim()}`);
    } else if (name !== undefined) {
      key = keyOf(name);
      section.set(key, value);
    }
  }
  return sections;
}

function textAt(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (["ENOENT", "ENOTDIR"].includes(code)) return "";
    throw error;
  }
}
