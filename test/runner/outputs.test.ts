import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Output } from "../../notebooks/runner/format.ts";
import { outputCollector } from "../../notebooks/runner/outputs.ts";
import { request } from "../../notebooks/runner/wire.ts";

const stream = (text: string, name = "stdout") =>
  request("stream", { name, text }, "s");
const display = (text: string, id?: string, type = "display_data") =>
  request(
    type,
    {
      data: { "text/plain": text, "application/json": { text } },
      metadata: { text },
      transient: id ? { display_id: id } : {},
    },
    "s",
  );

describe("outputCollector", () => {
  it("merges streams of one name in a row, and only those", () => {
    const outputs: Output[] = [];
    const { add } = outputCollector();
    for (const [text, name] of [
      ["a\nb", "stdout"],
      ["c\n", "stdout"],
      ["!", "stderr"],
      ["d", "stdout"],
    ]) {
      add(outputs, stream(text, name));
    }
    assert.deepEqual(outputs, [
      { output_type: "stream", name: "stdout", text: ["a\n", "bc\n"] },
      { output_type: "stream", name: "stderr", text: ["!"] },
      { output_type: "stream", name: "stdout", text: ["d"] },
    ]);
  });

  it("lets a carriage return overwrite its line across messages", () => {
    const outputs: Output[] = [];
    const { add } = outputCollector();
    for (const text of ["first\n10 %", "\r50 %", "\r100 %", "\r\nend\r\n"]) {
      add(outputs, stream(text));
    }
    assert.deepEqual(outputs, [
      {
        output_type: "stream",
        name: "stdout",
        text: ["first\n", "100 %\n", "end\n"],
      },
    ]);
  });

  it("updates every display of an id, metadata too, in earlier cells too", () => {
    const [first, second]: Output[][] = [[], []];
    const { add } = outputCollector();
    add(first, display("0", "bar"));
    add(first, display("apart"));
    add(second, display("0", "bar"));
    add(second, display("9", "bar", "update_display_data"));
    const nine = {
      output_type: "display_data",
      data: { "text/plain": ["9"], "application/json": { text: "9" } },
      metadata: { text: "9" },
    };
    assert.deepEqual([first[0], second[0]], [nine, nine]);
    assert.equal(first.length + second.length, 3);
    assert.deepEqual((first[1] as typeof nine).metadata, { text: "apart" });
  });

  it("does nothing on an update of what was never shown", () => {
    const outputs: Output[] = [];
    outputCollector().add(outputs, display("9", "bar", "update_display_data"));
    assert.deepEqual(outputs, []);
  });

  it("counts the outputs for which there is no room, and keeps an error", () => {
    const outputs: Output[] = [];
    const { add } = outputCollector();
    for (let i = 0; i < 1500; i++) {
      add(outputs, stream("a", i % 2 === 0 ? "stdout" : "stderr"));
    }
    const error = { ename: "Error", evalue: "last", traceback: [] };
    add(outputs, request("error", error, "s"));
    assert.equal(outputs.length, 1001);
    const text = ["[... left out: 501 outputs]\n"];
    assert.deepEqual(outputs.slice(-2), [
      { output_type: "stream", name: "stderr", text },
      { output_type: "error", ...error },
    ]);
  });
});
