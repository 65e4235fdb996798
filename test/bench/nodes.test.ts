import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  firstFaults,
  type Outcome,
  tableOf,
  testLine,
} from "../../bench/nodes/table.ts";

const well = { code: 0, seconds: 12.4 };
const outcome: Outcome = {
  version: "v22.0.0",
  engine: "tensorflow: TensorFlow 9.9",
  setUp: well,
  notebook: well,
  tests: { ...well, line: "3 passed, 0 failed, 0 skipped" },
};

describe("the table of Nodes", () => {
  it("has a line for each, and passes where every step does", () => {
    const { markdown, passed } = tableOf([outcome], { npm: "11.0.0" });
    assert.ok(passed);
    assert.match(markdown, /^- npm: 11\.0\.0$/m);
    assert.match(
      markdown,
      /^\| v22\.0\.0 \| .* 9\.9 \| passed, 12 s \| passed, 12 s \| 3 passed, /m,
    );
  });

  it("fails for one step on one Node", () => {
    for (const step of ["setUp", "notebook", "tests"] as const) {
      const failed = { ...outcome, [step]: { ...outcome[step], code: 1 } };
      const { markdown, passed } = tableOf([outcome, failed], {});
      assert.equal(passed, false);
      assert.match(markdown, /FAILED \(.*, exit code 1\), 12 s/);
    }
  });
});

describe("the test runner's output", () => {
  it("is counted as older and as newer Nodes write it", () => {
    for (const mark of ["#", "ℹ"]) {
      const lines = ["tests 7", "pass 4", "fail 1", "skipped 2"];
      const text = lines.map((line) => `${mark} ${line}`).join("\n");
      assert.equal(testLine(text), "4 passed, 1 failed, 2 skipped");
    }
    assert.equal(testLine("Segmentation fault"), "no closing lines");
  });

  it("tells what failed", () => {
    const text = "ok 1 - a\n    not ok 3 - map\n✖ README (2ms)\n  --  cell 3";
    assert.deepEqual(
      firstFaults(text).map((line) => line.trim()),
      ["not ok 3 - map", "✖ README (2ms)", "--  cell 3"],
    );
  });
});
