import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";
import { readGridOptions } from "../../lib/cli/grid-options.ts";
import { planLines, shellWord } from "../../lib/cli/grid-plan.ts";
import type { GridRow } from "../../lib/train/grid/rows.ts";
import { temporaryFolder } from "../temporary.ts";

const root = resolve(import.meta.dirname, "..", "..");
const main = join(root, "lib", "cli", "main.ts");
const folder = temporaryFolder();
/** What a shell would take apart, if it could. */
const odd = join(folder, `it's a "grid" of $HOME & \\more; *`);

/** The command as a process; `heard` hears what it tells. */
function grid(
  args: readonly string[],
  heard: (text: string, child: ChildProcess) => void = () => {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", main, "grid", ...args],
    { cwd: root, stdio: ["ignore", "pipe", "pipe"] },
  );
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (part) => (stdout += part));
  child.stderr.on("data", (part) => {
    stderr += part;
    heard(stderr, child);
  });
  return new Promise((done) =>
    child.on("close", (code) => done({ code, stdout, stderr })),
  );
}

const asked = (out: string) => [
  ...["--designs", "baseline,attention-only", "--stages", "1,2"],
  ...["--threads", "1", "--out", out],
];

/** The processes that a grid has started to train in. */
function workersOf(parent: number): number[] {
  const { stdout } = spawnSync("ps", ["-A", "-o", "pid=,ppid=,args="], {
    encoding: "utf8",
  });
  return stdout.split("\n").flatMap((row) => {
    const [, pid, of] = /^ *(\d+) +(\d+) .*grid-worker/.exec(row) ?? [];
    return Number(of) === parent ? [Number(pid)] : [];
  });
}

const weightsOf = (out: string, design: string) =>
  readFileSync(join(out, design, "seed-1", "weights.safetensors"));

describe("the options of pal grid", () => {
  const given = ["--designs", "baseline,delayed-fusion", "--out", folder];
  const read = (args: readonly string[], env = {}, cores = 2) =>
    readGridOptions(args, env, cores);
  const refused = (args: readonly string[], message: RegExp) =>
    assert.throws(() => read([...given, ...args]), {
      name: "RangeError",
      message,
    });

  it("name a grid, as data", () => {
    const { grid, threads } = read([...given, "--seeds", "3,1"]);
    const names = grid.designs.map(({ name }) => name);
    assert.deepEqual(names, ["baseline", "delayed-fusion"]);
    assert.deepEqual(
      [grid.seeds, grid.stages, grid.scale],
      [[3, 1], [1, 2, 3], "smoke"],
    );
    assert.equal(threads, 2);
  });

  it("share the cores out, unless the environment has said", () => {
    const two = [...given, "--processes", "2"];
    assert.equal(read(two).threads, 1);
    assert.equal(read(two, {}, 16).threads, 8);
    assert.equal(read(two, {}, 1).threads, 1);
    assert.equal(read(two, { TF_NUM_INTRAOP_THREADS: "3" }).threads, undefined);
    assert.equal(read(two, { PAL_PORTABLE: "1" }).threads, undefined);
    const said = [...two, "--threads", "4"];
    assert.equal(read(said, { TF_NUM_INTRAOP_THREADS: "3" }).threads, 4);
  });

  it("are refused where they are wrong, each with what is", () => {
    refused(
      ["--designs", "baseline,bseline"],
      /unknown design "bseline"; known/,
    );
    refused(["--designs", "baseline,"], /unknown design ""/);
    refused(["--designs", "baseline,baseline"], /got baseline twice/);
    refused(["--seeds", "1,x"], /whole numbers for --seeds, got "x"/);
    refused(["--seeds", "1.5"], /whole numbers for --seeds, got "1.5"/);
    refused(["--seeds=-1"], /whole numbers for --seeds, got "-1"/);
    refused(["--seeds", "99999999999999999999"], /for --seeds, got "9{20}"/);
    refused(["--seeds", "1,01"], /seeds that differ, got 1 twice/);
    refused(["--stages", "4"], /stages that there are, got 4/);
    refused(
      ["--scale", "full"],
      /expected --scale smoke or quick or lab, got "full"/,
    );
    refused(["--processes", "0"], /--processes as a whole number from 1/);
    refused(
      ["--threads", "two"],
      /--threads as a whole number from 1, got "two"/,
    );
    assert.throws(
      () => read(["--out", folder]),
      /expected --designs and --out/,
    );
    const file = join(folder, "file");
    writeFileSync(file, "");
    refused(["--out", file], /--out as a folder, got a file .*choose another/);
  });

  it("end the command with 2 where they are wrong", async () => {
    const { code, stderr, stdout } = await grid([
      ...asked(odd),
      "--seeds",
      "x",
    ]);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.equal(stderr, 'grid: expected whole numbers for --seeds, got "x"\n');
  });
});

describe("a plan", () => {
  it("has a line for each run, which asks for nothing else", () => {
    const out = join(folder, "a b");
    const command = readGridOptions(
      ["--designs", "baseline,raw-audio", "--seeds", "1,2", "--out", out],
      {},
      2,
    );
    const rest = `--stages 1,2,3 --scale smoke --threads 2 --out '${out}'`;
    assert.deepEqual(planLines(command, ["node", "main.js"]), [
      `node main.js grid --designs baseline --seeds 1 ${rest}`,
      `node main.js grid --designs raw-audio --seeds 1 ${rest}`,
      `node main.js grid --designs baseline --seeds 2 ${rest}`,
      `node main.js grid --designs raw-audio --seeds 2 ${rest}`,
    ]);
    const broken = { ...command, folder: "/a\nb" };
    assert.throws(
      () => planLines(broken, []),
      /no line break, .* got "\/a\\nb"/,
    );
  });

  it("has words that a shell takes as they are", () => {
    const words = [
      odd,
      "",
      "~",
      "-n",
      "a\tb",
      "#",
      "'",
      "é \u{1F3B5}",
      "$(x)`y`",
    ];
    for (const word of words) {
      const { stdout } = spawnSync(
        "sh",
        ["-c", `printf %s ${shellWord(word)}`],
        {
          encoding: "utf8",
        },
      );
      assert.equal(stdout, word);
    }
    assert.equal(shellWord("/a/b-c.d,e"), "/a/b-c.d,e");
  });

  it("is run line by line, two at a time, as the grid would be", async () => {
    const { code, stdout: plan } = await grid([...asked(odd), "--plan"]);
    assert.equal(code, 0);
    const file = join(folder, "plan.txt");
    writeFileSync(file, plan);
    const { status, stderr } = spawnSync(
      "sh",
      ["-c", `tr '\\n' '\\0' < "$0" | xargs -0 -n 1 -P 2 sh -c`, file],
      { cwd: root, encoding: "utf8" },
    );
    assert.equal(status, 0, stderr);
    assert.equal(stderr.match(/learns the language model/g)?.length, 1);
    const after = await grid([...asked(odd), "--json"]);
    assert.equal(after.code, 0, after.stderr);
    const rows: readonly GridRow[] = JSON.parse(after.stdout);
    assert.deepEqual(
      rows.map(({ design, seed, state }) => [design, seed, state]),
      [
        ["baseline", 1, "done"],
        ["attention-only", 1, "done"],
      ],
    );
    assert.equal(after.stderr.match(/was done before/g)?.length, 2);
    for (const { engines, loss, path } of rows) {
      assert.deepEqual(Object.keys(loss), ["1", "2"]);
      assert.equal(engines[0].numerics.threads, 1);
      assert.ok(path?.startsWith(odd));
    }
  });
});

describe("two processes for one grid", () => {
  it("stop with Ctrl-C, save, and end with the bytes of one", async () => {
    const out = join(folder, "two");
    const args = [...asked(out), "--processes", "2"];
    let isAsked = false;
    const stopped = await grid(args, (text, child) => {
      if (isAsked || !/^grid {2}\S+ {2}\d+\/32 /m.test(text)) return;
      isAsked = child.kill("SIGINT"); // a second one would not wait
    });
    assert.equal(stopped.code, 130, stopped.stderr);
    assert.match(
      stopped.stderr,
      /2 processes of 1 thread each: its numbers are/,
    );
    assert.match(
      stopped.stderr,
      /grid: stopped; 0 of 2 .* same command goes on/,
    );

    const ended = await grid(args);
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stderr, /goes on after step \d/);
    for (const design of ["baseline", "attention-only"]) {
      assert.deepEqual(weightsOf(out, design), weightsOf(odd, design), design);
    }
    assert.match(
      ended.stdout,
      /^baseline +1 +\d\.\d{4} +\d\.\d{4} .* 1 +done/m,
    );
  });

  it("are refused where the runs there have other threads", async () => {
    const out = join(folder, "two");
    const path = join(out, "grid.json");
    const facts = JSON.parse(readFileSync(path, "utf8"));
    facts.engine.numerics.threads = 7;
    writeFileSync(path, JSON.stringify(facts));
    const change = ["--seeds", "2", "--processes", "2"];
    const { code, stderr, stdout } = await grid([...asked(out), ...change]);
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(
      stderr,
      /expected threads 7, as the runs in .*two have, got 1; go on with --thr/,
    );
  });

  it("lose a run, and no other, with a process that is killed", async () => {
    const out = join(folder, "killed");
    const few = ["--stages", "1", "--seeds", "1,2"];
    const args = [...asked(out), ...few, "--processes", "2"];
    let isKilled = false;
    const { code, stderr } = await grid(args, (text, { pid }) => {
      if (isKilled || !/^grid {2}\S+ {2}\d+\/32 /m.test(text)) return;
      const [worker] = workersOf(pid!);
      isKilled = process.kill(worker, "SIGKILL");
    });
    assert.equal(code, 1, stderr);
    const failed = [...stderr.matchAll(/^grid: (.*) failed: (.*)$/gm)];
    assert.equal(failed.length, 2, "as it fails, and at the end");
    assert.match(failed[0][2], /expected a process to train .*, got its end/);
    assert.equal(stderr.match(/ is done: /g)?.length, 3);
    const mended = await grid(args);
    assert.equal(mended.code, 0, mended.stderr);
    assert.equal(mended.stderr.match(/ is done: /g)?.length, 1);
    // A stage's weights have their sha256 in their name.
    const stageOf = (place: string) =>
      readdirSync(join(place, "baseline", "seed-1", "stage-1")).filter((one) =>
        one.startsWith("weights"),
      );
    assert.deepEqual(stageOf(out), stageOf(odd));
  });

  it("fail a run alone, named at the end, with exit code 1", async () => {
    const out = join(folder, "fails");
    mkdirSync(out);
    writeFileSync(join(out, "baseline"), ""); // where its folder should be
    const args = [...asked(out), "--stages", "1", "--processes", "2", "--json"];
    const { code, stderr, stdout } = await grid(args);
    assert.equal(code, 1, stderr);
    const [line] = stderr.trim().split("\n").slice(-1);
    assert.match(line, /^grid: baseline, seed 1 failed: E/);
    const rows: readonly GridRow[] = JSON.parse(stdout);
    assert.deepEqual(
      rows.map(({ state }) => state),
      ["failed", "done"],
    );
  });
});

describe("two grids on one folder", () => {
  it("share the work and run nothing twice", async () => {
    const out = join(folder, "shared");
    const args = [...asked(out), "--seeds", "1,2", "--stages", "1"];
    const both = await Promise.all([grid(args), grid(args)]);
    assert.deepEqual(
      both.map(({ code }) => code),
      [0, 0],
    );
    const trained = both.map(({ stderr }) =>
      [...stderr.matchAll(/^grid: (.*, seed \d) is done: /gm)].map(
        ([, name]) => name,
      ),
    );
    assert.deepEqual(trained.flat().sort(), [
      "attention-only, seed 1",
      "attention-only, seed 2",
      "baseline, seed 1",
      "baseline, seed 2",
    ]);
    assert.ok(
      trained.every((names) => names.length > 0),
      JSON.stringify(trained),
    );
    const all = both.map(({ stderr }) => stderr).join("");
    assert.match(all, /is left to another process/);
    assert.doesNotMatch(all, /stage 1 is done|goes on after/);
  });
});

describe("scripts/slurm-grid.sh", () => {
  const script = join(root, "scripts", "slurm-grid.sh");
  const plan = join(folder, "plan of words.txt");
  writeFileSync(plan, "sh -c 'exit 130'\n");
  const task = (number: string | undefined, file = plan) => {
    const { SLURM_ARRAY_TASK_ID: _, ...env } = process.env;
    const own = number === undefined ? {} : { SLURM_ARRAY_TASK_ID: number };
    return spawnSync("sh", [script, file], {
      encoding: "utf8",
      env: { ...env, ...own },
    });
  };

  it("runs the line of its task, in its own process", () => {
    const lines = join(folder, "lines.txt");
    writeFileSync(
      lines,
      `printf %s one\nsh -c 'printf "%s " $$ "$1"' - 'a  b'\n`,
    );
    assert.equal(task("1", lines).stdout, "one");
    const second = task("2", lines);
    assert.equal(second.stdout, `${second.pid} a  b `);
  });

  it("hands on how the line ended", () => {
    assert.equal(task("1").status, 130);
  });

  it("refuses a task without a number, a line or a plan", () => {
    for (const [number, file, message] of [
      [
        undefined,
        plan,
        /expected SLURM_ARRAY_TASK_ID, got ""; .*sbatch --array/,
      ],
      ["x", plan, /expected SLURM_ARRAY_TASK_ID, got "x"/],
      ["9", plan, /expected a line 9 in .*plan of words.txt, got none/],
      ["1", join(folder, "none"), /expected a plan's file, got ".*none"; make/],
    ] as const) {
      const { status, stderr } = task(number, file);
      assert.equal(status, 2);
      assert.match(stderr, message);
    }
  });
});
