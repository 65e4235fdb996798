import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import {
  isCode,
  notebookText,
  readNotebook,
  writeNotebook,
} from "../../../notebooks/runner/format.ts";
import { temporaryFolder } from "../../temporary.ts";
import { fixtures, isAlive, notebookOf, root, stdoutOf } from "../support.ts";

/** A repository with the real kernel and notebooks of its own. */
const folder = temporaryFolder();
const notebookFolder = join(folder, "notebooks");
const fine = join(notebookFolder, "fine.ipynb");

before(() => {
  mkdirSync(notebookFolder);
  symlinkSync(
    join(root, "notebooks", "kernel"),
    join(notebookFolder, "kernel"),
  );
  for (const name of ["fine.ipynb", "failing.ipynb"]) {
    copyFileSync(join(fixtures, name), join(notebookFolder, name));
  }
});

function start(args: readonly string[]): ChildProcess {
  const script = `
    import { notebooks } from "./notebooks/runner/cli/notebooks.ts";
    process.exitCode = await notebooks(${JSON.stringify(args)}, process.env.ROOT);
  `;
  return spawn(
    process.execPath,
    ["--import", "tsx", "--input-type=module", "-e", script],
    { cwd: root, env: { ...process.env, ROOT: folder } },
  );
}

async function finish(child: ChildProcess) {
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (data) => {
      text += data;
    });
  }
  const code = await new Promise((settle) => child.once("close", settle));
  return { code, text };
}

const run = (...args: string[]) => finish(start(args));

describe("npm run notebooks", () => {
  it("runs the others after one that fails, and exits with 1", async () => {
    const { code, text } = await run();
    assert.equal(code, 1, text);
    assert.match(text, /failing {2}2\/3 .*The third line fails/);
    assert.match(
      text,
      /RangeError: too large: 3\n\s+cell 2, line 3, column 24/,
    );
    assert.match(text, /ok {2}fine {2}1\/7 +\d+\.\d s {2}import \* as tslab/);
    assert.match(text, /1 of 2 notebooks fine\n$/);
    const [shown] = readNotebook(fine).cells.filter(isCode);
    assert.equal(stdoutOf(shown.outputs), "scale full\n");
    assert.equal(readNotebook(fine).metadata.pal_scale, "full");
  });

  it("finds the stored outputs again, and says where they differ", async () => {
    const same = await run("fine", "--check");
    assert.equal(same.code, 0, same.text);
    assert.match(same.text, /same as the stored outputs/);

    const changed = readNotebook(fine);
    const cells = changed.cells.map((cell) =>
      JSON.parse(JSON.stringify(cell).replaceAll("line 1", "line one")),
    );
    writeNotebook(fine, { ...changed, cells });
    const before = readFileSync(fine, "utf8");
    const other = await run("fine", "--check");
    assert.equal(other.code, 1);
    assert.match(other.text, /code cell 2 differs from the stored outputs/);
    assert.match(other.text, / - line one\n\s+\+ line 1\n/);
    assert.equal(readFileSync(fine, "utf8"), before);
  });

  it("stores a smaller run elsewhere, and refuses to compare it", async () => {
    const before = readFileSync(fine, "utf8");
    const { code } = await run("fine", "--scale", "smoke");
    assert.equal(code, 0);
    assert.equal(readFileSync(fine, "utf8"), before);
    const stored = join(folder, ".pal", "notebooks", "smoke", "fine.ipynb");
    const [shown] = readNotebook(stored).cells.filter(isCode);
    assert.equal(stdoutOf(shown.outputs), "scale smoke\n");

    const { code: refused, text } = await run(
      "fine",
      "--check",
      "--scale",
      "smoke",
    );
    assert.equal(refused, 1);
    assert.match(text, /expected --scale full, at which fine was stored/);
  });

  it("exits with 2 for a name it does not know", async () => {
    const { code, text } = await run("fin3");
    assert.equal(code, 2);
    assert.match(text, /unknown notebook "fin3"; known: failing, fine/);
  });

  for (const loop of ["while (true);", "while (true) console.log(1);"]) {
    it(`ends kernel and run on Ctrl-C, and stores nothing half: ${loop}`, async () => {
      const out = join(folder, "out");
      const source = `console.log("pid", process.pid);\n${loop}`;
      const path = join(folder, "endless.ipynb");
      const endless = notebookOf([
        'require("node:fs").writeFileSync("pid", String(process.pid));',
        source,
      ]);
      writeNotebook(path, endless);
      const child = start([path, "--out", out]);
      const running = finish(child);
      await new Promise<void>((resolve) => {
        child.stdout?.on("data", (data) => {
          if (/1\/2/.test(String(data))) setTimeout(resolve, 300);
        });
      });
      child.kill("SIGINT");
      const { code, text } = await running;
      assert.equal(code, 130, text);
      assert.match(text, /Interrupted: the kernel is stopped/);
      assert.ok(!isAlive(Number(readFileSync(join(folder, "pid"), "utf8"))));
      assert.equal(readFileSync(path, "utf8"), notebookText(endless));
      const left = readdirSync(folder).filter((name) => /tmp$/.test(name));
      assert.deepEqual(
        [left, readdirSync(folder).includes("out")],
        [[], false],
      );
    });
  }
});
