import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { tslabCommand } from "../../notebooks/runner/tslab.ts";
import { temporaryFolder } from "../temporary.ts";

const root = join(import.meta.dirname, "..", "..");
/** A plain script without types; its functions are tested by what they do. */
// biome-ignore lint/suspicious/noExplicitAny: the module has no types
let kernel: any;
before(async () => {
  kernel = await import(join(root, "scripts", "kernel.mjs"));
});

describe("jupyterDataDir", () => {
  const cases: readonly (readonly [
    string,
    Record<string, string>,
    string,
    string,
  ])[] = [
    ["the variable", { JUPYTER_DATA_DIR: "/j" }, "linux", "/j"],
    ["Linux", {}, "linux", "/home/ann/.local/share/jupyter"],
    ["XDG", { XDG_DATA_HOME: "/x" }, "linux", "/x/jupyter"],
    ["macOS", { XDG_DATA_HOME: "/x" }, "darwin", "/home/ann/Library/Jupyter"],
    ["Windows", { APPDATA: "/roaming" }, "win32", "/roaming/jupyter"],
  ];
  for (const [what, env, platform, expected] of cases) {
    it(`follows Jupyter's rule for ${what}`, () => {
      assert.equal(kernel.jupyterDataDir(env, platform, "/home/ann"), expected);
    });
  }
});

describe("registerKernel", () => {
  const prefix = temporaryFolder();

  it("writes a kernelspec that starts what the runner starts", () => {
    const folder = kernel.registerKernel({ prefix });
    assert.equal(
      folder,
      join(prefix, "share", "jupyter", "kernels", "pal-lab"),
    );
    const spec = JSON.parse(readFileSync(join(folder, "kernel.json"), "utf8"));
    assert.deepEqual(
      spec.argv,
      tslabCommand(join(root, "notebooks", "kernel")),
    );
    assert.equal(spec.display_name, "PAL Lab (TypeScript)");
  });

  it("changes nothing the second time, and leaves one file", () => {
    const folder = kernel.registerKernel({ prefix });
    const once = readFileSync(join(folder, "kernel.json"), "utf8");
    kernel.registerKernel({ prefix });
    assert.equal(readFileSync(join(folder, "kernel.json"), "utf8"), once);
    assert.deepEqual(readdirSync(folder), ["kernel.json"]);
  });

  it("is undone by removeKernel", () => {
    assert.equal(kernel.removeKernel({ prefix }), true);
    assert.ok(!existsSync(kernel.kernelspecFolder(prefix)));
    assert.equal(kernel.removeKernel({ prefix }), false);
  });

  it("refuses to register a kernel that is not installed", () => {
    assert.throws(() => kernel.registerKernel({ prefix, folder: prefix }), {
      message: /expected the kernel at .*preload\.cjs, got none/,
      remedy: "run npm run setup",
    });
    assert.ok(!existsSync(kernel.kernelspecFolder(prefix)));
  });
});
