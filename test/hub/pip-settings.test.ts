import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { pipIndexes } from "../../lib/hub/pip-settings.ts";

const pypi = "https://pypi.org/simple";
const user = "/home/ada/.config/pip/pip.conf";

/** Where pip would look, with these files and settings. */
const indexes = (
  files: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
) => pipIndexes({ HOME: "/home/ada", ...env }, (path) => files[path]);

describe("pipIndexes", () => {
  it("is PyPI where nothing is set", () => {
    assert.deepEqual(indexes({}), [pypi]);
    assert.deepEqual(indexes({ [user]: "[global]\ntimeout = 60\n" }), [pypi]);
  });

  it("is what a file says, with the further ones after it", () => {
    const text = [
      "# ours",
      "[list]",
      "index-url = https://other.example/simple",
      "[global]",
      "index_url: https://mirror.example/simple/",
      "extra-index-url =",
      "    https://one.example/simple",
      "    ; and one more",
      "    https://two.example/simple/",
      "timeout = 60",
      "    https://no.example",
    ].join("\n");
    assert.deepEqual(indexes({ [user]: text }), [
      "https://mirror.example/simple",
      "https://one.example/simple",
      "https://two.example/simple",
    ]);
  });

  it("takes the section of downloads over the general one", () => {
    const text =
      "[download]\nindex-url = https://b.example\n" +
      "[global]\nindex-url = https://a.example\n";
    assert.deepEqual(indexes({ [user]: text }), ["https://b.example"]);
  });

  it("takes what is nearer: system, user, environment's file, variable", () => {
    const of = (name: string) =>
      `[global]\nindex-url = https://${name}.example`;
    const files = { "/etc/pip.conf": of("system") };
    assert.deepEqual(indexes(files), ["https://system.example"]);
    const more = { ...files, [user]: of("user"), "/venv/pip.conf": of("venv") };
    assert.deepEqual(indexes(more), ["https://user.example"]);
    const env = { VIRTUAL_ENV: "/venv" };
    assert.deepEqual(indexes(more, env), ["https://venv.example"]);
    const PIP_INDEX_URL = "https://variable.example/";
    assert.deepEqual(indexes(more, { ...env, PIP_INDEX_URL }), [
      "https://variable.example",
    ]);
  });

  it("reads no file where pip is told so", () => {
    const files = { [user]: "[global]\nindex-url = https://a.example" };
    assert.deepEqual(indexes(files, { PIP_CONFIG_FILE: "/dev/null" }), [pypi]);
  });

  it("refuses to look where pip is told to use no index", () => {
    assert.throws(
      () => indexes({ [user]: "[global]\nno-index = true" }),
      /expected a package index, got pip's setting no-index; unset/,
    );
    const PIP_NO_INDEX = "0";
    assert.deepEqual(indexes({}, { PIP_NO_INDEX }), [pypi]);
  });
});
