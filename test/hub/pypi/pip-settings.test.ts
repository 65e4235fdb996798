import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { pipSettings } from "../../../lib/hub/pypi/pip-settings.ts";

const pypi = "https://pypi.org/simple";

describe("pipSettings", () => {
  let home = "";
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "pal-pip-"));
  });
  afterEach(() => rmSync(home, { recursive: true }));

  const write = (path: string, ...lines: readonly string[]) => {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), lines.join("\n"));
  };
  const user = ".config/pip/pip.conf";
  const indexes = (env: Readonly<Record<string, string>> = {}) => {
    const XDG_CONFIG_DIRS = join(home, "system");
    return pipSettings({ XDG_CONFIG_DIRS, ...env }, { home, platform: "linux" })
      .indexes;
  };

  it("are PyPI where nothing is set", () => {
    assert.deepEqual(indexes(), [pypi]);
    write(user, "[global]", "timeout = 60");
    assert.deepEqual(indexes(), [pypi]);
  });

  it("are what a file says, with the further ones after it", () => {
    write(
      user,
      ...["# ours", "[list]", "index-url = https://other.example/simple"],
      ...["[global]", "index_url: https://mirror.example/simple/"],
      ...["extra-index-url =", "    https://one.example/simple"],
      ...["    ; and one more", "    https://two.example/simple/"],
      ...["timeout = 60", "    https://no.example"],
    );
    assert.deepEqual(indexes(), [
      "https://mirror.example/simple",
      "https://one.example/simple",
      "https://two.example/simple",
    ]);
  });

  it("take what is nearer: system, user, environment's file, variable", () => {
    const of = (name: string) => [
      "[global]",
      `index-url = https://${name}.example`,
    ];
    write("system/pip/pip.conf", ...of("system"));
    assert.deepEqual(indexes(), ["https://system.example"]);
    write(user, ...of("user"));
    assert.deepEqual(indexes(), ["https://user.example"]);
    write("venv/pip.conf", ...of("venv"));
    const env = { VIRTUAL_ENV: join(home, "venv") };
    assert.deepEqual(indexes(env), ["https://venv.example"]);
    const PIP_INDEX_URL = "https://variable.example/";
    const nearest = indexes({ ...env, PIP_INDEX_URL });
    assert.deepEqual(nearest, ["https://variable.example"]);
  });

  it("read no file where pip is told so", () => {
    write(user, "[global]", "index-url = https://a.example");
    assert.deepEqual(indexes({ PIP_CONFIG_FILE: "/dev/null" }), [pypi]);
  });

  it("refuse to look where pip is told to use no index", () => {
    write(user, "[global]", "no-index = true");
    assert.throws(() => indexes(), /expected an index of packages, got pip's/);
    assert.deepEqual(indexes({ PIP_NO_INDEX: "0" }), [pypi]);
  });
});
