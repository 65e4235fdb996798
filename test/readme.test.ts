import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";

const root = resolve(import.meta.dirname, "..");
const readme = readFileSync(join(root, "README.md"), "utf8");
const { scripts } = JSON.parse(
  readFileSync(join(root, "package.json"), "utf8"),
);

describe("README", () => {
  it("names only npm scripts that exist, and every script", () => {
    const named = new Set(
      [...readme.matchAll(/(?:^|`)npm (?:run )?([a-z]+)/gm)].map(
        ([, name]) => name,
      ),
    );
    assert.deepEqual([...named].sort(), Object.keys(scripts).sort());
  });

  it("links only to files that exist", () => {
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)];
    const missing = links
      .map(([, path]) => path)
      .filter((path) => !existsSync(join(root, path)));
    assert.deepEqual(missing, []);
  });

  it("shows every folder of the map", () => {
    const map = /## Map\n+```\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
    const names = [...map.matchAll(/([a-z-]+)\//g)].map(([, name]) => name);
    assert.ok(names.length > 10);
    for (const name of names) {
      const places = [join(root, name), join(root, "lib", name)];
      const inner = join(root, "notebooks", name);
      assert.ok([...places, inner].some(existsSync), `${name}/ is not there`);
    }
  });
});
