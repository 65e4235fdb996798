import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { show } from "../../lib/display/show.ts";
import { comparison } from "../../lib/figure/comparison.ts";
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

  it("publishes plotly's JSON, a picture and text in one bundle", async () => {
    const { published, screen } = cellScreen();
    await show(figure, { folder, screen });
    assert.equal(published.length, 1);
    const { data, metadata } = published[0].bundle;
    assert.deepEqual(Object.keys(data), [
      "application/vnd.plotly.v1+json",
      "image/png",
      "text/plain",
    ]);
    const widthOf = (png: Buffer) => png.readUInt32BE(16);
    const preview = Buffer.from(String(data["image/png"]), "base64");
    assert.equal(widthOf(preview), figure.width);
    const file = readFileSync(join(folder, "scores.png"));
    assert.equal(widthOf(file), 2 * widthOf(preview));
    assert.deepEqual(metadata, {
      "image/png": { width: figure.width, height: figure.height },
    });
    assert.match(String(data["text/plain"]), /^Figure: Delayed fusion hears/);
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
