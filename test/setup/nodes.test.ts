import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";

const { checkNode, describeNode, leastNode } = await import(
  // Plain JavaScript, which set-up needs before anything is installed.
  "../../scripts/setup/nodes.mjs" as string
);
const root = resolve(import.meta.dirname, "..", "..");

describe("the Node that set-up asks for", () => {
  it("is 20.19 or newer", () => {
    for (const version of ["v20.19.0", "v20.20.2", "v22.0.0", "v26.1.0"]) {
      checkNode(version);
    }
    for (const version of ["v18.20.8", "v20.18.9"]) {
      assert.throws(() => checkNode(version), {
        name: "SetupError",
        message: `expected Node 20.19 or newer, got ${version}`,
      });
    }
  });

  it("is the one that the packages and the README name", () => {
    const least = leastNode.join(".");
    for (const file of ["package.json", join("lib", "package.json")]) {
      const { engines } = JSON.parse(readFileSync(join(root, file), "utf8"));
      assert.equal(engines.node, `>=${least}`);
    }
    const readme = readFileSync(join(root, "README.md"), "utf8");
    assert.match(readme, new RegExp(`Node ${least} or newer`));
  });
});

describe("doctor's line on Node", () => {
  const today = new Date("2026-11-25");

  it("tells what was tried", () => {
    assert.equal(describeNode("v24.1.0", today), "v24.1.0; tried: 20, 22, 24");
    assert.equal(
      describeNode("v23.4.0", today),
      "v23.4.0; not tried here; tried: 20, 22, 24",
    );
  });

  it("tells of an end of life once it has come", () => {
    const before = new Date("2026-04-29");
    assert.doesNotMatch(describeNode("v20.19.0", before), /end of life/);
    assert.equal(
      describeNode("v20.19.0", today),
      "v20.19.0; past its end of life (2026-04-30); tried: 20, 22, 24",
    );
  });
});
