import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import type { ErrorOutput } from "../../notebooks/runner/format.ts";
import { type Kernel, startKernel } from "../../notebooks/runner/kernel.ts";
import type { Message } from "../../notebooks/runner/wire.ts";
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

  it("prints 100,000 lines in seconds, and streams in their order", async () => {
    const begin = performance.now();
    const text = await printed(
      'for (let i = 0; i < 100_000; i++) console.log("line", i);',
    );
    assert.ok(performance.now() - begin < 10_000);
    assert.match(text, /^line 0\n[\s\S]*\nline 99999\n$/);
    const { outputs } = await runCode(
      kernel,
      "for (let i = 0; i < 100; i++) { console.log(i); console.error(i); }",
    );
    const names = outputs.map((it) => it.output_type === "stream" && it.name);
    assert.deepEqual(
      names.slice(0, 4),
      Array(2).fill(["stdout", "stderr"]).flat(),
    );
    assert.equal(outputs.length, 200);
  });

  it("keeps beginning and end of 50 MB, and says what is gone", async () => {
    const text = await printed(
      'process.stdout.write("first" + "x".repeat(5e7) + "\\nlast\\n"); 1',
    );
    assert.ok(text.length < 2e6);
    assert.match(text, /^firstx/);
    assert.match(
      text,
      /\[\.\.\. left out: 4\d{7} letters, 0 lines; printed faster/,
    );
    assert.match(text, /x\nlast\n1\n$/);
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

describe("what no cell waits for", () => {
  const strays = [
    [
      "in a timer",
      'setTimeout(() => { throw new RangeError("stray"); }, 0); 1',
    ],
    ["in a promise", 'Promise.reject(new RangeError("stray")); 1'],
    [
      "in a function that is not awaited",
      'async function go() { await null; throw new RangeError("stray"); }\n' +
        "void go(); 1",
    ],
  ] as const;
  for (const [where, code] of strays) {
    it(`fails the cell that began it: ${where}`, async () => {
      const { ename, evalue, outputs, trace } = await failing(code);
      assert.deepEqual([ename, evalue], ["RangeError", "stray"]);
      assert.equal(stdoutOf(outputs), "1\n");
      assert.match(
        trace,
        /^RangeError: stray\n {2}\(.*; from cell \d+\)\n {2}cell/,
      );
    });
  }

  it("fails the cell that runs meanwhile, and names the one it is from", async () => {
    await printed(
      'setTimeout(() => { throw new Error("later"); }, 100); "begun"',
    );
    const { evalue, trace } = await failing(
      "await new Promise((r) => setTimeout(r, 200))",
    );
    assert.equal(evalue, "later");
    const [from, next] = [...trace.matchAll(/cell (\d+)/g)].map(([, n]) => n);
    assert.equal(from, next);
  });

  it("is told after the cell's reply where no other runs", async () => {
    const types: string[] = [];
    const reply = await kernel.execute(
      "setTimeout(() => { throw 7 }, 50); 1",
      ({ header }) => types.push(header.msg_type),
    );
    assert.equal(reply.status, "ok");
    assert.equal(await kernel.settle(), 0);
    assert.equal(types.at(-1), "error");
  });

  it("is counted where it goes on", async () => {
    await printed("const endless = setInterval(() => {}, 1000); 1");
    assert.equal(await kernel.settle(), 1);
    await printed("clearInterval(endless); 1");
    assert.equal(await kernel.settle(), 0);
  });
});

describe("the names of a cell that fails", () => {
  it("are kept as far as the cell came", async () => {
    await failing(
      "const kept1 = 1, kept2 = 2;\nlet kept3 = undefined as string | undefined;\n" +
        "function kept4() { return 4; }\nclass Kept5 { five = 5; }\n" +
        'throw new Error("here");\nconst lost = 6;',
    );
    assert.equal(
      await printed("[kept1, kept2, kept3, kept4(), new Kept5().five]"),
      "[ 1, 2, undefined, 4, 5 ]\n",
    );
    const { evalue } = await failing("lost");
    assert.match(evalue, /Cannot find name 'lost'/);
  });

  it("are kept by an asynchronous cell, a destructuring, an import", async () => {
    await failing(
      'import { sep } from "node:path";\nconst { a1, b: [b1] } = ' +
        "await Promise.resolve({ a1: 1, b: [2] });\nthrow 1;",
    );
    assert.equal(await printed("[a1, b1, sep]"), "[ 1, 2, '/' ]\n");
  });

  it("keep value and type of earlier cells where the cell did not come", async () => {
    await printed("let early = 1; let both = 1;");
    await failing('let both = "new"; throw 1; let early = "new";');
    assert.equal(
      await printed("[early.toFixed(1), both.length]"),
      "[ '1.0', 3 ]\n",
    );
    await printed("early = 2;");
    assert.equal(await printed("early + 1"), "3\n");
  });

  it("are told apart in a cell of very many names", async () => {
    const names = Array.from({ length: 120 }, (_, i) => `many${i}`);
    const lines = names.map((name, i) => `const ${name} = ${i};`);
    await failing(
      [...lines.slice(0, 60), "throw 1;", ...lines.slice(60)].join("\n"),
    );
    assert.equal(await printed("many0 + many59"), "59\n");
    const { evalue } = await failing("many60");
    assert.match(evalue, /Cannot find name 'many60'/);
  });

  it("are those of the edited cell when it is run again", async () => {
    await failing("const size = 3; throw 1;");
    await printed('const size = "three";');
    assert.equal(await printed("size.length"), "5\n");
    await failing("const size: string = 4;");
    assert.equal(await printed("size.length"), "5\n");
  });
});

describe("the kernel's state", () => {
  const slow =
    'await new Promise((r) => setTimeout(r, 200)); console.log("end")';
  const told: string[] = [];
  const telling = (name: string) => (message: Message) => {
    const { content, header } = message;
    if (header.msg_type === "status")
      told.push(`${name} ${content.execution_state}`);
    if (header.msg_type === "stream") told.push(`${name} prints`);
  };

  it("is busy for a cell only when its turn comes", async () => {
    told.length = 0;
    await Promise.all([
      kernel.execute(slow, telling("first")),
      kernel.execute("1", telling("second")),
    ]);
    assert.deepEqual(told, [
      "first busy",
      "first prints",
      "second busy",
      "second prints",
    ]);
  });

  it("is busy again after it answered something else meanwhile", async () => {
    told.length = 0;
    const running = kernel.execute(slow, telling("cell"));
    while (told.length === 0) await wait(10);
    await kernel.ask("inspect_request", {
      code: "1",
      cursor_pos: 1,
      detail_level: 0,
    });
    await running;
    assert.deepEqual(told, ["cell busy", "cell busy", "cell prints"]);
  });
});

describe("what is shown of the name at the cursor", () => {
  /** The text for the place of the mark `|`. */
  async function inspected(marked: string): Promise<unknown> {
    const cursor_pos = marked.indexOf("|");
    const code = marked.replace("|", "");
    const request = { code, cursor_pos, detail_level: 0 };
    const { data } = await kernel.ask("inspect_request", request);
    return (data as Record<string, unknown>)["text/plain"];
  }
  const signature = /^function area\(width: number, height\?: number\): number/;
  before(() =>
    printed(
      "/** Of a rectangle. */\nfunction area(width: number, height = 1) " +
        "{ return width * height; }\nconst shapes = { area };",
    ),
  );

  for (const marked of [
    "ar|ea(1)",
    "area(|)",
    "area(1, |)",
    "area(1|",
    "area(\n  |\n)",
  ]) {
    it(`is the called function's signature at ${JSON.stringify(marked)}`, async () => {
      assert.match(String(await inspected(marked)), signature);
    });
  }

  it("is that of the inmost call, and of a method", async () => {
    assert.match(String(await inspected("Math.max(area(|))")), signature);
    assert.match(
      String(await inspected("Math.max(area(1), |)")),
      /max\(\.\.\.values/,
    );
    assert.match(String(await inspected("shapes.area(|)")), /area/);
    assert.equal(await inspected("area(1) |"), undefined);
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
