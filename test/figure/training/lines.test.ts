import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type LinePanel,
  linePanels,
  linesOf,
} from "../../../lib/figure/training/lines.ts";

const words = { name: "lines", title: "A claim", xAxis: "Step" };
const panel: LinePanel = {
  axis: "Rate",
  lines: [
    {
      name: "one",
      points: [
        [0, 0],
        [10, 4],
        [40, 1],
      ],
    },
  ],
};

interface Trace {
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly yaxis: string;
  readonly line: { readonly color: string };
}

describe("linesOf", () => {
  const rows = [
    { stage: "one", step: 1, rate: 5 },
    { stage: "two", step: 2, rate: 6 },
    { stage: "one", step: 3, rate: 7 },
  ];

  it("makes a line of each group, in the order of the rows", () => {
    assert.deepEqual(linesOf(rows, { x: "step", y: "rate", by: "stage" }), [
      {
        name: "one",
        points: [
          [1, 5],
          [3, 7],
        ],
      },
      { name: "two", points: [[2, 6]] },
    ]);
  });

  it("makes one line without a name of rows that are not grouped", () => {
    const [line, ...others] = linesOf(rows, { x: "step", y: "rate" });
    assert.deepEqual([line.name, line.points.length, others], ["", 3, []]);
  });
});

describe("linePanels", () => {
  it("draws each panel's points on an axis of its own, over one step", () => {
    const figure = linePanels([panel, { ...panel, axis: "Norm" }], words);
    const traces = figure.data as unknown as Trace[];
    assert.deepEqual(
      traces.map(({ yaxis }) => yaxis),
      ["y", "y2"],
    );
    assert.deepEqual(traces[0].x, [0, 10, 40]);
    assert.deepEqual(traces[1].y, [0, 4, 1]);
    assert.deepEqual(figure.layout.xaxis?.range, [0, 40]);
    const [one, two] = [figure.layout.yaxis, figure.layout.yaxis2];
    assert.ok((two?.domain?.[1] ?? 1) < (one?.domain?.[0] ?? 0));
  });

  it("names a line at its peak or at its end", () => {
    const at = (namesAt: LinePanel["namesAt"]) =>
      linePanels([{ ...panel, namesAt }], words).layout.annotations?.find(
        ({ text }) => text === "one",
      );
    assert.deepEqual([at("peak")?.x, at("peak")?.y], [10, 4]);
    assert.deepEqual([at("end")?.xref, at("end")?.y], ["paper", 1]);
  });

  it("tells lines apart by color where names stand at their ends", () => {
    const lines = ["a", "b", "c"].map((name) => ({ ...panel.lines[0], name }));
    const { data } = linePanels([{ ...panel, lines }], words);
    const colors = (data as unknown as Trace[]).map(({ line }) => line.color);
    assert.equal(new Set(colors).size, 3);
  });

  it("draws a level, and leaves room for it", () => {
    const level = { name: "longest", value: 9 };
    const { alt, layout } = linePanels([{ ...panel, level }], words);
    assert.deepEqual(
      layout.shapes?.map(({ y0, y1 }) => [y0, y1]),
      [[9, 9]],
    );
    assert.ok((layout.yaxis?.range?.[1] ?? 0) > 9);
    assert.equal(
      alt,
      "Over Step. Rate: one from 0 to 1, between 0 and 4; longest: 9.",
    );
  });

  it("refuses what it cannot draw, and says where", () => {
    assert.throws(() => linePanels([], words), /expected panels, got none/);
    assert.throws(
      () => linePanels([{ ...panel, lines: [] }], words),
      /expected lines with points, got none \(Rate, lines\)/,
    );
    const [line] = panel.lines;
    assert.throws(
      () => linePanels([{ ...panel, lines: [line, line, line, line] }], words),
      /expected up to 3 lines, got 4 \(Rate, lines\)/,
    );
    const points = [[0, Number.NaN]] as const;
    assert.throws(
      () => linePanels([{ ...panel, lines: [{ points }] }], words),
      /expected finite points, got 0,NaN \(Rate, lines\)/,
    );
  });
});
