import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { show } from "../../lib/display/show.ts";
import { comparison } from "../../lib/figure/comparison.ts";
import { designDiagram } from "../../lib/figure/design/diagram.ts";
import { inStream } from "../figure/design/examples.ts";
import { cellScreen, temporaryFolder, textScreen } from "./screens.ts";

const figure = comparison(
  [
    { design: "baseline", group: "held out", seed: 0, score: 40 },
    { design: "delayed-fusion", group: "held out", seed: 0, score: 50 },
  ],
  { name: "scores", title: "Delayed fusion hears more", axis: "Accuracy (%)" },
);

describe("show", () => {
  const folder = join(temporaryFolder(), "made", "when", "needed");

  it("publishes a plot as plotly's JSON, as an SVG and as words", async () => {
    const { published, screen } = cellScreen();
    await show(figure, { folder, screen });
    const [{ bundle }, words] = published;
    assert.deepEqual(Object.keys(bundle.data), [
      "application/vnd.plotly.v1+json",
      "image/svg+xml",
      "text/plain",
    ]);
    assert.deepEqual(bundle.metadata, { "image/svg+xml": { alt: figure.alt } });
    assert.match(String(bundle.data["text/plain"]), /^Figure: Delayed fusion/);
    assert.equal(words.bundle.data["text/plain"], figure.alt);
    assert.match(
      String(words.bundle.data["text/html"]),
      /<details>.*baseline on held out: 40/,
    );
  });

  it("publishes a drawing in twice the pixels of its place", async () => {
    const { published, screen } = cellScreen();
    const drawing = designDiagram([inStream], { name: "one", title: "One" });
    await show(drawing, { folder, screen });
    const { alt, height, width } = drawing;
    const [{ bundle }] = published;
    const preview = Buffer.from(String(bundle.data["image/png"]), "base64");
    assert.equal(preview.readUInt32BE(16), 2 * width);
    assert.equal(preview.readUInt32BE(20), 2 * height);
    assert.deepEqual(bundle.metadata, {
      "image/svg+xml": { alt },
      "image/png": { alt, width, height },
    });
    rmSync(folder, { recursive: true });
  });

  it("keeps plotly's buttons few", async () => {
    const { published, screen } = cellScreen();
    await show(figure, { folder, screen });
    const page = published[0].bundle.data["application/vnd.plotly.v1+json"];
    const { config } = page as { config: { modeBarButtonsToRemove: string[] } };
    for (const button of [
      "lasso2d",
      "zoomIn2d",
      "zoomOut2d",
      "sendChartToCloud",
    ]) {
      assert.ok(config.modeBarButtonsToRemove.includes(button), button);
    }
  });

  it("keeps six digits of a fraction on the page, all in the file", async () => {
    const { published, screen } = cellScreen();
    const data = [{ y: [1 / 3, 1_234_567, 2e-7 / 3] }];
    await show({ ...figure, data }, { folder, screen });
    const page = published[0].bundle.data["application/vnd.plotly.v1+json"];
    const shown = (page as { data: unknown }).data;
    assert.deepEqual(shown, [{ y: [0.333333, 1_234_567, 6.66667e-8] }]);
    const file = readFileSync(join(folder, "scores.json"), "utf8");
    assert.deepEqual(JSON.parse(file).data, data);
  });

  it("says in a terminal which files it wrote", async () => {
    const { screen, written } = textScreen(80);
    await show(figure, { folder, screen });
    assert.deepEqual(written.join("").split("\n").slice(0, 4), [
      "Figure: Delayed fusion hears more",
      ...["json", "svg", "png"].map(
        (ending) => `  ${join(folder, `scores.${ending}`)}`,
      ),
    ]);
  });

  it("writes the same bytes twice, and nothing else", async () => {
    const { screen } = textScreen();
    const read = () =>
      readdirSync(folder)
        .toSorted()
        .map((name) => [name, readFileSync(join(folder, name), "base64")]);
    await show(figure, { folder, screen });
    const first = read();
    await show(figure, { folder, screen });
    assert.deepEqual(read(), first);
    assert.deepEqual(
      first.map(([name]) => name),
      ["scores.json", "scores.png", "scores.svg"],
    );
  });

  it("writes JSON from which the figure can be drawn again", async () => {
    const { screen } = textScreen();
    await show(figure, { folder, screen });
    const { height, width, ...rest } = figure;
    const text = readFileSync(join(folder, "scores.json"), "utf8");
    assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(rest)));
    assert.deepEqual([width, height], [rest.layout.width, rest.layout.height]);
  });
});
