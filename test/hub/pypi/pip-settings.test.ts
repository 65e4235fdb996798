import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { pipSettings } from "../../../lib/hub/pypi/pip-settings.ts";

describe("pipSettings", () => {
  let home = "";
  let env: Record<string, string> = {};
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "pal-pip-"));
    env = { XDG_CONFIG_DIRS: join(home, "xdg") };
  });
  afterEach(() => rmSync(home, { recursive: true }));

  const write = (path: string, text: string) => {
    const place = join(home, path);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, text);
    return place;
  };
  const read = () => pipSettings(env, { home, platform: "linux" });
  const user = ".config/pip/pip.conf";

  it("is the usual index where nothing is set", () => {
    // /etc/pip.conf is read too, and may name others after it.
    assert.match(read().indexes[0], /^https:\/\/[^/]+\/simple$/);
  });

  it("takes the environment before the user's file before the system's", () => {
    write("xdg/pip/pip.conf", "[global]\nindex-url = https://one.example/\n");
    assert.equal(read().indexes[0], "https://one.example");
    write(user, "[global]\nindex_url: https://two.example/simple/\n");
    assert.equal(read().indexes[0], "https://two.example/simple");
    env.VIRTUAL_ENV = join(home, "venv");
    write("venv/pip.conf", "[download]\nindex-url=https://three.example\n");
    assert.equal(read().indexes[0], "https://three.example");
    env.PIP_CONFIG_FILE = write(
      "own",
      "[global]\nindex-url=https://four.example",
    );
    assert.equal(read().indexes[0], "https://three.example", "a command's own");
    env.PIP_INDEX_URL = "https://five.example/simple";
    assert.equal(read().indexes[0], "https://five.example/simple");
  });

  it("reads lists over several lines, and leaves comments out", () => {
    write(
      user,
      [
        "[global]",
        "# extra-index-url = https://none.example",
        "index-url = https://one.example",
        "extra-index-url =",
        "    https://two.example/simple",
        "    ; a comment",
        "    file:///opt/wheels",
        "[install]",
        "index-url = https://other.example",
      ].join("\n"),
    );
    const { indexes, passedOver } = read();
    assert.deepEqual(indexes.slice(0, 2), [
      "https://one.example",
      "https://two.example/simple",
    ]);
    assert.deepEqual(passedOver, ["file:///opt/wheels"]);
    env.PIP_EXTRA_INDEX_URL = "https://a.example https://b.example";
    assert.deepEqual(read().indexes, [
      ...["https://one.example", "https://a.example", "https://b.example"],
    ]);
  });

  it("reads no file where pip is told so", () => {
    write(user, "[global]\nindex-url = https://one.example\n");
    env.PIP_CONFIG_FILE = "/dev/null";
    assert.doesNotMatch(read().indexes[0], /one\.example/);
  });

  it("refuses where pip is told to use no index", () => {
    env.PIP_NO_INDEX = "1";
    assert.throws(read, /expected an index of packages, got .* no-index/);
  });
});
