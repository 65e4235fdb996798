import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type {
  CodeCell,
  ErrorOutput,
  Notebook,
} from "../../notebooks/runner/format.ts";
import {
  type CellProgress,
  type RunOptions,
  runNotebook,
} from "../../notebooks/runner/run-notebook.ts";
import { temporaryFolder } from "../temporary.ts";
import { isAlive, kernelOptions, notebookOf, stdoutOf } from "./support.ts";

const codeCells = (notebook: Notebook) => notebook.cells as readonly CodeCell[];
const printed = (notebook: Notebook) =>
  codeCells(notebook).map(({ outputs }) => stdoutOf(outputs));
const run = (notebook: Notebook, options: Partial<RunOptions> = {}) =>
  runNotebook(notebook, { kernel: kernelOptions, ...options });
const forever = "await new Promise(() => {});";

describe("runNotebook", () => {
  it("stores outputs and counts, and tells of each cell", async () => {
    const told: CellProgress[] = [];
    const { failures, notebook } = await run(
      notebookOf([
        'console.log("a"); console.log("b"); console.error("c")',
        "",
        "6 * 7",
      ]),
      { onCell: (progress) => told.push(progress) },
    );
    const [first, blank, last] = codeCells(notebook);
    assert.deepEqual(first.outputs, [
      { output_type: "stream", name: "stdout", text: ["a\n", "b\n"] },
      { output_type: "stream", name: "stderr", text: ["c\n"] },
    ]);
    assert.deepEqual([blank.execution_count, blank.outputs], [null, []]);
    assert.deepEqual(
      [last.execution_count, stdoutOf(last.outputs)],
      [2, "42\n"],
    );
    assert.deepEqual(failures, []);
    assert.deepEqual(
      told.map(({ cell, state }) => `${cell} ${state}`),
      ["1 running", "1 ok", "2 skipped", "3 running", "3 ok"],
    );
  });

  it("applies a later cell's update to an earlier cell's display", async () => {
    const { notebook } = await run(
      notebookOf([
        'import * as tslab from "tslab"; const d = tslab.newDisplay(); d.text("0 %");',
        'd.text("100 %");',
      ]),
    );
    const data = codeCells(notebook).map(({ outputs }) =>
      outputs.map(
        (output) => output.output_type === "display_data" && output.data,
      ),
    );
    assert.deepEqual(data, [[{ "text/plain": ["100 %"] }], []]);
  });

  it("stops at an error, stores it, and clears the later cells", async () => {
    const old = notebookOf(['throw new TypeError("no")', "1"]);
    const [first, second] = codeCells(old);
    const stale = { ...second, execution_count: 9, outputs: first.outputs };
    const { failures, notebook } = await run({ ...old, cells: [first, stale] });
    const [failed, later] = codeCells(notebook);
    assert.equal(failed.outputs.length, 1);
    assert.equal((failed.outputs[0] as ErrorOutput).ename, "TypeError");
    assert.deepEqual(
      [failed.execution_count, later.execution_count],
      [1, null],
    );
    assert.deepEqual(
      failures.map(({ cell }) => cell),
      [1],
    );
  });

  it("goes on after an error where errors are allowed", async () => {
    const { failures, notebook } = await run(
      notebookOf(["throw 1", '"on"', "nope()", '"and on"']),
      { allowErrors: true },
    );
    assert.deepEqual(printed(notebook), ["", "on\n", "", "and on\n"]);
    assert.deepEqual(
      failures.map(({ cell }) => cell),
      [1, 3],
    );
  });

  it("skips and expects errors by the cells' tags", async () => {
    const source = notebookOf(["let n = 1;", "n = 5;", "throw n", "n"], {
      1: ["skip-execution"],
      2: ["raises-exception"],
    });
    const { failures, notebook } = await run(source);
    const [, skipped, raised, last] = codeCells(notebook);
    assert.deepEqual(failures, []);
    assert.equal(skipped, source.cells[1]);
    assert.equal((raised.outputs[0] as ErrorOutput).evalue, "1");
    assert.equal(stdoutOf(last.outputs), "1\n");
  });

  it("interrupts a cell at its time limit and keeps what it printed", async () => {
    const { failures, notebook } = await run(
      notebookOf([`console.log("begun"); ${forever}`, "1"]),
      { secondsPerCell: 0.5 },
    );
    assert.deepEqual(printed(notebook), ["begun\n", ""]);
    assert.equal(failures[0].error.ename, "CellTimeout");
    assert.match(failures[0].error.evalue, /within 0\.5 s; it was interrupted/);
    assert.equal(codeCells(notebook)[0].outputs.length, 2);
  });

  it("kills a kernel that no interrupt reaches, and stores why", async () => {
    const { failures } = await run(
      notebookOf(["await Promise.resolve(); while (true);", "1"]),
      { secondsPerCell: 0.3, secondsToStop: 0.3, allowErrors: true },
    );
    assert.deepEqual(
      failures.map(({ cell }) => cell),
      [1],
    );
    assert.match(failures[0].error.evalue, /0\.3 s; .*the kernel was killed/);
  });

  it("stores the death of the kernel as the cell's error", async () => {
    const { failures, notebook } = await run(
      notebookOf(['console.log("last words"); process.exit(3)', "1"]),
      { allowErrors: true },
    );
    assert.deepEqual(
      failures.map(({ cell, error }) => [cell, error.ename, error.evalue]),
      [[1, "KernelDied", "the kernel died (exit code 3)"]],
    );
    assert.deepEqual(codeCells(notebook)[1].outputs, []);
  });

  it("reports what a timer or a promise throws as the cell's error", async () => {
    for (const [sources, cell] of [
      [["setTimeout(() => { throw 1 }, 0)", "2"], 1],
      [["void Promise.reject(1); 1", "2"], 1],
      [["1", 'setTimeout(() => { throw new Error("late") }, 300)'], 2],
    ] as const) {
      const { failures, notebook } = await run(notebookOf(sources));
      assert.deepEqual(
        failures.map(({ cell }) => cell),
        [cell],
      );
      const { outputs } = codeCells(notebook)[cell - 1];
      assert.equal(outputs.at(-1)?.output_type, "error");
    }
  });

  it("ends though what a cell left lets nothing have its turn, or ends all", async () => {
    const begin = performance.now();
    const stuck = await run(
      notebookOf(["setTimeout(() => { for (;;); }, 30); 1"]),
    );
    assert.equal(stuck.nLeftRunning, 1);
    const dead = await run(
      notebookOf(["1", "setTimeout(() => process.exit(3), 30); 1"]),
    );
    assert.deepEqual(
      dead.failures.map(({ cell, error }) => [cell, error.ename]),
      [[2, "KernelDied"]],
    );
    assert.ok(performance.now() - begin < 20_000);
  });

  it("says how much still runs at the end", async () => {
    const { failures, nLeftRunning } = await run(
      notebookOf(["setInterval(() => {}, 1000); 1"]),
    );
    assert.deepEqual([failures, nLeftRunning], [[], 1]);
  });

  it("interrupts a loop that prints without end, at its time limit", async () => {
    const begin = performance.now();
    const { failures, notebook } = await run(
      notebookOf(["for (let i = 0; ; i++) console.log(i);"]),
      { secondsPerCell: 2 },
    );
    assert.equal(failures[0].error.ename, "CellTimeout");
    assert.ok(performance.now() - begin < 20_000);
    assert.match(printed(notebook)[0], /^0\n1\n[\s\S]*left out/);
  });

  it("ends the kernel and rejects when it is aborted", async () => {
    const controller = new AbortController();
    const file = join(temporaryFolder(), "pid");
    const write =
      'require("node:fs").writeFileSync(process.env.PID_FILE!, String(process.pid));';
    const running = run(notebookOf([write, forever]), {
      signal: controller.signal,
      onCell: ({ cell, state }) => {
        if (cell !== 2 || state !== "running") return;
        setTimeout(() => controller.abort(new Error("enough")), 100);
      },
      kernel: { ...kernelOptions, env: { PID_FILE: file } },
    });
    await assert.rejects(running, /enough/);
    assert.ok(!isAlive(Number(readFileSync(file, "utf8"))));
  });
});
