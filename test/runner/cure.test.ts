import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { ErrorOutput } from "../../notebooks/runner/format.ts";
import { type Kernel, startKernel } from "../../notebooks/runner/kernel.ts";
import { kernelOptions, runCode, stdoutOf } from "./support.ts";

let kernel: Kernel;
before(async () => {
  kernel = await startKernel(kernelOptions);
});
after(() => kernel.stop());

async function printed(code: string): Promise<string> {
  const { outputs, status } = await runCode(kernel, code);
  assert.equal(status, "ok", JSON.stringify(outputs));
  return stdoutOf(outputs);
}

async function failing(code: string) {
  const { outputs, status } = await runCode(kernel, code);
  assert.equal(status, "error");
  const error = outputs.at(-1) as ErrorOutput;
  assert.equal(error.output_type, "error");
  return { ...error, outputs, trace: error.traceback.join("\n") };
}

describe("a cell of the repaired kernel", () => {
  it("takes { x } for a name from an earlier cell", async () => {
    await printed(
      "const x = 3; function twice(v: { x: number }) { return 2 * v.x }",
    );
    assert.equal(await printed("twice({ x })"), "6\n");
    assert.equal(
      await printed("[4].map((y) => ({ x, y }))"),
      "[ { x: 3, y: 4 } ]\n",
    );
  });

  it("assigns by destructuring to a name from an earlier cell", async () => {
    await printed("let count = 0; let other = 0;");
    await printed("({ count, other = 7 } = { count: 10 } as any)");
    assert.equal(await printed("[count, other]"), "[ 10, 7 ]\n");
  });

  it("takes apart what an earlier cell made, by its properties", async () => {
    await printed(
      "const places = [{ grid: { steps: 8 } }];\n" +
        "const times = (n: number) => 10 * n;",
    );
    assert.equal(
      await printed("places.map(({ grid: { steps } }) => times(steps))"),
      "[ 80 ]\n",
    );
    assert.equal(
      await printed("places.map(({ grid: all }) => times(all.steps))"),
      "[ 80 ]\n",
    );
    assert.equal(
      await printed("for (const { grid: { steps: n } } of places) times(n); 3"),
      "3\n",
    );
  });

  it("awaits what stands in brackets or on the next line", async () => {
    assert.equal(await printed("await (async () => 1)()"), "1\n");
    assert.equal(
      await printed("const q = await (Promise.resolve({ a: 2 })); q.a"),
      "2\n",
    );
    assert.equal(
      await printed("const all = await\n  Promise.all([3])\nall[0]"),
      "3\n",
    );
    assert.equal(await printed("(await Promise.resolve({ x: 3 })).x"), "3\n");
    assert.equal(
      await printed("await ((v) => Promise.resolve(v))(4) + 1"),
      "5\n",
    );
  });

  it("runs a lone for await, and shows the last value after it", async () => {
    const code =
      "for await (const v of [1, Promise.resolve(2)]) console.log(v);";
    assert.equal(await printed(code), "1\n2\n");
    assert.equal(await printed(`let sum = 0;\n${code}\n"end"`), "1\n2\nend\n");
  });

  it("prints all lines of a fast loop", async () => {
    const text = await printed(
      "for (let i = 0; i < 3000; i++) console.log(i);",
    );
    assert.equal(text.split("\n").length, 3001);
    assert.ok(text.endsWith("\n2999\n"));
  });

  it("calls back when a stream was written to", async () => {
    const code = 'await new Promise((r) => process.stdout.write("x\\n", r)); 1';
    assert.equal(await printed(code), "x\n1\n");
  });

  it("shows several forms of one thing in one output", async () => {
    const code = `(globalThis as any)[Symbol.for("pal-lab.kernel")].display({
      data: { "text/plain": "bar", "text/html": "<b>bar</b>" },
      metadata: { a: 1 }, transient: { display_id: "id" },
    })`;
    const { outputs } = await runCode(kernel, code);
    assert.deepEqual(outputs, [
      {
        output_type: "display_data",
        data: { "text/plain": ["bar"], "text/html": ["<b>bar</b>"] },
        metadata: { a: 1 },
      },
    ]);
  });
});

describe("a cell that fails", () => {
  it("names the line and column of a runtime error, as written", async () => {
    const error = await failing(
      "interface A { a: number }\n\n// why\nconst f = (): A => {\n" +
        '  throw new RangeError("too far");\n};\n\n  f();',
    );
    assert.deepEqual([error.ename, error.evalue], ["RangeError", "too far"]);
    assert.match(
      error.trace,
      /^RangeError: too far\n {2}cell \d+, line 5, column 9\n/,
    );
    assert.match(
      error.trace,
      /> 5 \| {3}throw new RangeError\("too far"\);\n {6}\| {9}\^/,
    );
    assert.match(error.trace, /at f \(cell \d+:5:9\)\n {4}at cell \d+:8:3$/);
  });

  it("shows the calling cell too when an earlier cell's function throws", async () => {
    await printed('function later() {\n  throw new Error("there");\n}');
    const { trace } = await failing("const here = 1;\nlater()");
    assert.match(trace, /line 2, column 9\n[\s\S]*> 2 \| {3}throw new Error/);
    assert.match(trace, /line 2, column 1\n[\s\S]*> 2 \| later\(\)/);
  });

  it("names the column as written behind a repaired form", async () => {
    const { evalue, trace } = await failing(
      'const o = { x }, s: number = "a";',
    );
    assert.match(evalue, /^line 1, column 18: Type 'string'/);
    assert.match(trace, /\n {6}\| {18}\^$/);
  });

  it("names line, column and every complaint of the compiler", async () => {
    const error = await failing("const a = 1;\nconst b: string = a;\nnope();");
    assert.equal(error.ename, "TypeScriptError");
    assert.equal(
      error.evalue,
      "line 2, column 7: Type 'number' is not assignable to type 'string'.",
    );
    assert.match(error.trace, /line 3, column 1\n[\s\S]*> 3 \| nope\(\);/);
  });

  it("holds no frame of the kernel and its text only once", async () => {
    const error = await failing(
      "await Promise.resolve();\nnull as any as Date;\n(null as any).f()",
    );
    assert.doesNotMatch(error.trace, /tslab|node:|preload|cure/);
    assert.equal(error.outputs.length, 1);
  });

  it("is not named after what it wrote to stderr", async () => {
    const error = await failing(
      'console.error("TypeError: no"); throw new SyntaxError("yes")',
    );
    assert.deepEqual([error.ename, error.evalue], ["SyntaxError", "yes"]);
    assert.equal(error.outputs.length, 2);
  });

  it("tells the cause, and what was thrown if it is no Error", async () => {
    const chained = await failing(
      'throw new Error("outer", { cause: new TypeError("inner") })',
    );
    assert.match(
      chained.trace,
      /^Error: outer\n[\s\S]*\nCaused by TypeError: inner\n/,
    );
    const thrown = await failing("throw { code: 7 }");
    assert.deepEqual([thrown.ename, thrown.evalue], ["Thrown", "{ code: 7 }"]);
  });

  it("maps the lines of a stack that the cell itself prints", async () => {
    const text = await printed(
      'interface Z { z: 1 }\n\nnew Error("mine").stack',
    );
    assert.match(text, /^Error: mine\n {4}at cell \d+:3:1\n$/);
  });
});

describe("a request after a failed one", () => {
  it("runs when it was sent after the failure was known", async () => {
    await failing("throw 1");
    assert.equal(await printed('"next"'), "next\n");
  });

  it("is aborted when it was queued, unless stop_on_error is false", async () => {
    const slow = "await new Promise((r) => setTimeout(r, 30)); throw 1";
    for (const [stopOnError, then] of [
      [true, "aborted"],
      [false, "ok"],
    ] as const) {
      const ignore = () => undefined;
      const replies = await Promise.all([
        kernel.execute(slow, ignore, { stopOnError }),
        kernel.execute("1", ignore, { stopOnError }),
      ]);
      assert.deepEqual(
        replies.map(({ status }) => status),
        ["error", then],
      );
    }
  });
});
