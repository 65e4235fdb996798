import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openBars } from "../../lib/cli/train-bars.ts";
import { textScreen } from "../display/screens.ts";

/** A clock that is two seconds on whenever it is read. */
function clock() {
  let time = 0;
  return () => {
    time += 2000;
    return time;
  };
}

describe("the bars of a training", () => {
  it("show each part's loss and time left, and give way to a line", () => {
    const { screen, written } = textScreen(100);
    const said: string[] = [];
    const print = (line: string) => {
      said.push(line);
      written.push(`${line}\n`);
    };
    const bars = openBars(print, { screen, now: clock() });
    bars.onStep({ part: "sounds", step: 1, steps: 2 });
    bars.onStep({ part: "sounds", step: 2, steps: 2 });
    bars.say("stage 1 begins");
    bars.onStep({ part: "stage 1", step: 5, steps: 8, loss: 0.1234 });
    bars.say("a word");
    bars.onStep({ part: "stage 1", step: 6, steps: 8, loss: 0.1 });
    bars.end();
    const text = written.join("").replaceAll("\r\x1b[K", "<wiped>");
    assert.match(text, /sounds {2}\S{20} {2}1\/2 {2}50 % .* left/);
    assert.match(text, /\nstage 1 begins\n/);
    assert.match(
      text,
      /stage 1 {2}\S{20} {2}1\/4 {2}25 % .* s left {2}loss 0\.123/,
    );
    // The bar is wiped before the line, so that the two do not mix.
    assert.match(text, /loss 0\.123<wiped>a word\n<wiped>stage 1 /);
    assert.match(text, /<wiped>stage 1: 2 of 4 in .*\n$/);
    assert.deepEqual(said, ["stage 1 begins", "a word"]);
  });

  it("are a line now and then where output is no terminal", () => {
    const { screen, written } = textScreen();
    const bars = openBars((line) => written.push(`${line}\n`), { screen });
    for (let step = 1; step <= 100; step++) {
      bars.onStep({ part: "stage 2", step, steps: 100, loss: 1 / step });
      if (step === 50) bars.say("half");
    }
    assert.equal(written.length, 11);
    assert.match(written[4], /^stage 2 .* 50\/100 .* loss 0\.020\n$/);
    assert.equal(written[5], "half\n");
    assert.match(written[10], /^stage 2: 100 of 100 in /);
  });
});
