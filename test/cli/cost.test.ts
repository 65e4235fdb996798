import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";
import { type CostRow, costRows } from "../../lib/cli/cost.ts";
import { readCostOptions } from "../../lib/cli/cost-options.ts";

const root = resolve(import.meta.dirname, "..", "..");

/** The command as its own process, for what it prints. */
function cost(...args: readonly string[]) {
  const call = `import("${join(root, "lib", "cli", "cost.ts")}")
    .then(({ cost }) => cost(${JSON.stringify(args)}))
    .then((code) => { process.exitCode = code; })
    .catch((error) => { console.error(error.message); process.exitCode = 1; });`;
  const { status, stderr, stdout } = spawnSync(
    process.execPath,
    ["--import", "tsx", "--eval", call],
    { cwd: root, encoding: "utf8" },
  );
  return { code: status, stderr, stdout };
}

const rowsOf = (...args: readonly string[]) =>
  readCostOptions(args).scales.flatMap(costRows);

describe("pal cost", () => {
  it("prints a table for each scale and says what it is", () => {
    const { code, stderr, stdout } = cost();
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(
      stdout,
      /^Llama-3\.2-1B.*108 text tokens, 32 scored, 64 audio/,
    );
    assert.match(stdout, /\nthe first notebook's models: /);
    assert.equal(stdout.match(/^attention-only +\d/gm)?.length, 2);
    assert.match(stdout, /Version 1 of the paper has no efficiency numbers/);
  });

  it("prints the same numbers as JSON", () => {
    const asked = ["--scale", "paper", "--text", "50", "--answer", "7"];
    const { stdout } = cost(...asked, "--json");
    assert.deepEqual(JSON.parse(stdout), rowsOf(...asked));
  });

  it("compares with the baseline at the same sequence", () => {
    const [first, ...others] = rowsOf("--scale", "paper", "--query", "64x8");
    assert.deepEqual([first.design, first.relativeToBaseline], ["baseline", 1]);
    for (const { design, forwardFlops, relativeToBaseline } of others) {
      const share = forwardFlops / first.forwardFlops;
      assert.equal(relativeToBaseline, share, design);
    }
  });

  it("takes the sequence from the command line", () => {
    const flops = (...args: readonly string[]): CostRow["forwardFlops"] =>
      rowsOf("--scale", "lab", ...args)[0].forwardFlops;
    assert.ok(flops("--text", "40") > flops("--text", "20"));
    assert.ok(flops("--answer", "9") > flops("--answer", "8"));
    assert.ok(flops("--query", "12x2") > flops("--query", "12x1"));
  });

  it("tells how it is called", () => {
    const { code, stdout } = cost("--help");
    assert.equal(code, 0);
    assert.match(stdout, /--scale SCALE {2}paper or lab; both unless given/);
  });

  it("refuses what it cannot read, with exit code 2", () => {
    const { code, stderr } = cost("--scale", "huge");
    assert.equal(code, 2);
    assert.match(stderr, /cost: unknown scale "huge"; known: paper, lab/);
  });

  for (const [args, message] of [
    [["--text", "1.5"], /expected --text as a whole number above 0, got "1.5"/],
    [["--answer", "0"], /expected --answer as a whole number above 0, got "0"/],
    [["--query", "32"], /--query as steps x bands, such as 32x2, got "32"/],
    [
      ["--layers", "3"],
      /cost: unknown option --layers; known: --scale, --text, /,
    ],
  ] as const) {
    it(`refuses ${args.join(" ")}`, () => {
      assert.throws(() => readCostOptions(args), { message });
    });
  }

  it("refuses an answer longer than the text", () => {
    assert.throws(() => rowsOf("--text", "8", "--answer", "9"), {
      name: "RangeError",
      message: /expected answer in 0\.\.8, got 9/,
    });
  });
});
