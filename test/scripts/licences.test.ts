import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

const root = join(import.meta.dirname, "..", "..");
const { licenceFaults } = await import("../../scripts/licences.mjs" as string);

interface List {
  readonly accepted: readonly string[];
  readonly exceptions: Readonly<
    Record<string, { readonly licence: string; readonly reason: string }>
  >;
  readonly inside: Readonly<
    Record<string, { readonly licence: string; readonly what: string }>
  >;
}
const list: List = JSON.parse(
  readFileSync(join(root, "scripts", "licences.json"), "utf8"),
);

describe("licenceFaults", () => {
  let place = "";
  before(() => {
    place = mkdtempSync(join(tmpdir(), "pal-licences-"));
  });
  after(() => rmSync(place, { recursive: true }));

  const accepted = ["MIT", "Apache-2.0"];
  const none = { accepted, exceptions: {}, inside: {} };

  /** Faults of a lock file with these packages, each by its place. */
  function faultsOf(packages: object, given: Partial<List> = {}): string[] {
    const lock = { packages: { "": { name: "kit" }, ...packages } };
    writeFileSync(join(place, "package-lock.json"), JSON.stringify(lock));
    return licenceFaults([place], { ...none, ...given });
  }

  it("accepts what the list has, alone or among others", () => {
    const packages = {
      "node_modules/a": { license: "MIT" },
      "node_modules/a/node_modules/@b/c": { license: "Apache-2.0 AND MIT" },
      "node_modules/d": { license: "(GPL-3.0-only OR MIT)" },
      "node_modules/kit-lib": { link: true },
      lib: { name: "kit-lib" },
    };
    assert.deepEqual(faultsOf(packages), []);
  });

  it("refuses a licence that is not in the list, by package and lock", () => {
    const nested = "node_modules/a/node_modules/@audio/decode-aac";
    const packages = {
      [nested]: { license: "GPL-2.0" },
      "node_modules/b": { license: "MIT AND MPL-2.0" },
      "node_modules/c": { license: "SEE LICENSE IN LICENSE.md" },
    };
    const faults = faultsOf(packages);
    assert.equal(faults.length, 3);
    assert.equal(
      faults[0],
      'licences: expected MIT, Apache-2.0, got "GPL-2.0" ' +
        `(@audio/decode-aac in ${join(place, "package-lock.json")}); ` +
        "take another package, or add an exception with its reason to " +
        "scripts/licences.json and the README",
    );
    assert.match(faults[1], /got "MIT AND MPL-2\.0" \(b /);
    assert.match(faults[2], /got "SEE LICENSE IN LICENSE\.md" \(c /);
  });

  it("asks the installed package where the lock does not tell", () => {
    const installed = (name: string, text: object) => {
      mkdirSync(join(place, "node_modules", name), { recursive: true });
      const file = join(place, "node_modules", name, "package.json");
      writeFileSync(file, JSON.stringify(text));
    };
    installed("old", { licenses: [{ type: "MIT" }, { type: "GPL-2.0" }] });
    installed("older", { license: { type: "LGPL-2.1" } });
    installed("silent", {});
    const faults = faultsOf({
      "node_modules/old": {},
      "node_modules/older": {},
      "node_modules/silent": {},
      "node_modules/missing": {},
    });
    assert.deepEqual(
      faults.map((line) => /got ("[^"]*" \(\w+)/.exec(line)?.[1]),
      ['"LGPL-2.1" (older', '"none" (silent', '"none" (missing'],
    );
  });

  it("takes an exception for the licence it names, and no other", () => {
    const exceptions = {
      "draw*": { licence: "MPL-2.0", reason: "draws" },
    };
    const packages = (license: string) => ({
      "node_modules/draw-linux": { license },
    });
    assert.deepEqual(faultsOf(packages("MPL-2.0"), { exceptions }), []);
    assert.match(
      faultsOf(packages("GPL-3.0-only"), { exceptions })[0],
      /expected MPL-2\.0, got "GPL-3\.0-only" \(draw-linux /,
    );
  });

  it("refuses an entry that no package needs any more", () => {
    const packages = { "node_modules/a": { license: "MIT" } };
    const exceptions = { a: { licence: "MPL-2.0", reason: "was so" } };
    const inside = { gone: { licence: "GPL-2.0", what: "was there" } };
    assert.deepEqual(
      faultsOf(packages, { exceptions, inside }).map(
        (line) => /expected a package (\w+), got none/.exec(line)?.[1],
      ),
      ["a", "gone"],
    );
  });
});

describe("licences.json", () => {
  it("fits the packages of both lock files", () => {
    const folders = [root, join(root, "notebooks", "kernel")];
    assert.deepEqual(licenceFaults(folders, list), []);
  });

  it("gives each exception a reason, and the README names them all", () => {
    const readme = readFileSync(join(root, "README.md"), "utf8");
    const named = Object.entries({ ...list.exceptions, ...list.inside });
    for (const [name, { licence }] of named) {
      assert.ok(readme.includes(`\`${name}\``), `README: ${name}`);
      if (licence !== "none") assert.ok(readme.includes(licence), licence);
    }
    for (const { reason } of Object.values(list.exceptions)) {
      assert.ok(reason.length > 10);
    }
  });
});
