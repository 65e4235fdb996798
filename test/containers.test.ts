import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";

const root = join(import.meta.dirname, "..");
const read = (...path: string[]) => readFileSync(join(root, ...path), "utf8");
const { engines, scripts } = JSON.parse(read("package.json"));

const shells = [
  [".binder", "postBuild"],
  [".binder", "start"],
  [".devcontainer", "create.sh"],
];

describe("what Binder and dev containers read", () => {
  for (const path of shells) {
    it(`${path.join("/")} is a shell script of commands that exist`, () => {
      execFileSync("bash", ["-n", join(root, ...path)]);
      for (const [, name] of read(...path).matchAll(/npm run ([a-z]+)/g)) {
        assert.ok(Object.hasOwn(scripts, name), `npm run ${name}`);
      }
      for (const [, file] of read(...path).matchAll(/-r (\S+)/g)) {
        assert.ok(existsSync(join(root, file)), file);
      }
    });
  }

  it("Binder may run its scripts, and finds no file that it does not know", () => {
    assert.deepEqual(readdirSync(join(root, ".binder")).sort(), [
      "apt.txt",
      "environment.yml",
      "postBuild",
      "start",
    ]);
    for (const name of ["postBuild", "start"]) {
      assert.ok(statSync(join(root, ".binder", name)).mode & 0o100, name);
    }
  });

  it("they give a Node that the package takes", () => {
    const least = Number(/\d+/.exec(engines.node)?.[0]);
    const { image, postCreateCommand } = JSON.parse(
      read(".devcontainer", "devcontainer.json"),
    );
    const inImage = /node:(\d+)/.exec(image)?.[1];
    const inBinder = /nodejs=(\d+)/.exec(
      read(".binder", "environment.yml"),
    )?.[1];
    for (const major of [inImage, inBinder]) {
      assert.ok(Number(major) > least, `${major}`);
    }
    assert.equal(postCreateCommand, "bash .devcontainer/create.sh");
  });
});
