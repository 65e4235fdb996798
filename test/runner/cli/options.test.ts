import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";
import {
  findNotebooks,
  placeFor,
  readOptions,
} from "../../../notebooks/runner/cli/options.ts";
import { temporaryFolder } from "../../temporary.ts";

const root = temporaryFolder();
mkdirSync(join(root, "notebooks"));
for (const name of ["00-start-here", "01-sound", "02-a", "02-b"]) {
  writeFileSync(join(root, "notebooks", `${name}.ipynb`), "{}");
}
const inPlace = (name: string) => join(root, "notebooks", `${name}.ipynb`);

describe("findNotebooks", () => {
  it("finds all in order, or by name, beginning, file name or path", () => {
    assert.equal(findNotebooks([], root).length, 4);
    const path = inPlace("02-b");
    assert.deepEqual(
      findNotebooks(["01-sound", "00", "02-a.ipynb", path], root),
      ["01-sound", "00-start-here", "02-a", "02-b"].map(inPlace),
    );
  });

  it("names the near ones for a name it does not know", () => {
    assert.throws(
      () => findNotebooks(["02"], root),
      /unknown notebook "02"; known: 02-a, 02-b$/,
    );
    assert.throws(
      () => findNotebooks(["start"], root),
      /known: 00-start-here, 01-sound, 02-a, 02-b$/,
    );
  });
});

describe("readOptions", () => {
  const refusals: readonly (readonly [string[], RegExp])[] = [
    [["--scale", "huge"], /unknown scale "huge"; known: smoke, quick, full/],
    [["--timeout", "soon"], /--timeout in seconds above 0, got "soon"/],
    [["--timeout", "0"], /above 0, got "0"/],
    [["--check", "--against-jupyter"], /got both/],
    [["--chek"], /--chek/],
  ];
  for (const [args, message] of refusals) {
    it(`refuses ${args.join(" ")}`, () => {
      assert.throws(() => readOptions(args, root), message);
    });
  }
});

describe("placeFor", () => {
  const place = (...args: string[]) =>
    placeFor(inPlace("01-sound"), readOptions(["01", ...args], root), root);
  const apart = (scale: string) =>
    join(root, ".pal", "notebooks", scale, "01-sound.ipynb");

  it("keeps the stored outputs those of a full run", () => {
    assert.equal(place(), inPlace("01-sound"));
    assert.equal(place("--scale", "smoke"), apart("smoke"));
    assert.equal(place("--check"), apart("full"));
    assert.equal(place("--against-jupyter"), apart("full"));
    assert.equal(place("--solutions"), apart("solutions"));
  });

  it("compares no notebook whose exercises are solved", () => {
    assert.throws(
      () => place("--solutions", "--check"),
      /expected --solutions without --check or --against-jupyter/,
    );
  });

  it("goes where it is told", () => {
    assert.equal(place("--out", "there"), resolve("there", "01-sound.ipynb"));
  });
});
