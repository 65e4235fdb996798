import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { progress } from "../../lib/display/progress.ts";
import { duration } from "../../lib/display/progress-text.ts";
import { cellScreen, textScreen } from "./screens.ts";

/** A clock that moves when it is told to. */
function clock() {
  let time = 5_000;
  return {
    now: () => time,
    wait: (milliseconds: number) => {
      time += milliseconds;
    },
  };
}

describe("progress in a terminal", () => {
  it("writes one line over itself, and ends it", () => {
    const { screen, written } = textScreen(100);
    const { now, wait } = clock();
    const bar = progress(4, "train", { screen, now });
    for (const note of ["loss 2.0", "loss 1.0"]) {
      wait(2000);
      bar.tick(1, note);
    }
    wait(4000);
    bar.tick(2);
    bar.done();
    const empty = "\u2591";
    const full = "\u2588";
    assert.deepEqual(written, [
      `\r\x1b[Ktrain  ${empty.repeat(20)}  0/4  0 %`,
      `\r\x1b[Ktrain  ${full.repeat(5)}${empty.repeat(15)}  1/4  25 %  ` +
        "2.0 s each  6.0 s left  loss 2.0",
      `\r\x1b[Ktrain  ${full.repeat(10)}${empty.repeat(10)}  2/4  50 %  ` +
        "2.0 s each  4.0 s left  loss 1.0",
      `\r\x1b[Ktrain  ${full.repeat(20)}  4/4  100 %  2.0 s each  loss 1.0`,
      "\r\x1b[Ktrain: 4 of 4 in 8.0 s (2.0 s each)\n",
    ]);
  });

  it("gives way to another line, and comes back", () => {
    const { screen, written } = textScreen(80);
    const { now, wait } = clock();
    const bar = progress(2, "train", { screen, now });
    bar.hide();
    screen.write("a line\n");
    wait(2000);
    bar.tick();
    assert.equal(written.slice(1, 3).join(""), "\r\x1b[Ka line\n");
    assert.match(written[3], /train .* 1\/2/);
    bar.done();
    const { length } = written;
    bar.hide();
    assert.equal(written.length, length);
  });

  it("says the time left that it is told, where somebody knows better", () => {
    const { screen, written } = textScreen(100);
    const { now, wait } = clock();
    let seconds: number | undefined;
    const secondsLeft = () => seconds;
    const bar = progress(4, "train", { screen, now, secondsLeft });
    wait(2000);
    bar.tick();
    seconds = 70;
    wait(2000);
    bar.tick();
    bar.done();
    assert.match(written[1], / 2\.0 s each {2}6\.0 s left$/);
    assert.match(written[2], / 2\.0 s each {2}1 min 10 s left$/);
  });

  it("draws ten times a second, however fast the loop is", () => {
    const { screen, written } = textScreen(80);
    const { now, wait } = clock();
    const bar = progress(10_000, "train", { screen, now });
    for (let step = 0; step < 10_000; step++) {
      wait(0.1);
      bar.tick();
    }
    bar.done();
    assert.equal(written.length, 1 + 10 + 1);
  });

  it("never fills the line, which would wrap", () => {
    const { screen, written } = textScreen(40);
    const bar = progress(10, "a rather long label for a bar", { screen });
    bar.done();
    assert.equal(written[0].replace("\r\x1b[K", "").length, 39);
  });

  it("leaves the shell a line of its own when the program ends", () => {
    const { screen, written } = textScreen(80);
    const before = process.listenerCount("exit");
    const bar = progress(10, "train", { screen });
    const [leave] = process.listeners("exit").slice(before);
    (leave as () => void)();
    assert.equal(written.at(-1), "\n");
    bar.done();
    assert.equal(process.listenerCount("exit"), before);
  });
});

describe("progress in a file", () => {
  it("writes a line for each tenth of the way", () => {
    const { screen, written } = textScreen();
    const { now, wait } = clock();
    const bar = progress(200, "train", { screen, now });
    for (let step = 0; step < 200; step++) {
      wait(10);
      bar.tick();
    }
    bar.done();
    assert.equal(written.length, 10);
    assert.match(written[0], /20\/200 {2}10 % {2}100\/s {2}1\.8 s left\n$/);
    assert.equal(written[9], "train: 200 of 200 in 2.0 s (100/s)\n");
  });
});

describe("progress in a cell", () => {
  it("updates one display, four times a second, and leaves one line", () => {
    const { published, screen } = cellScreen();
    const { now, wait } = clock();
    const bar = progress(100, "train <1>", { screen, now });
    for (let step = 0; step < 100; step++) {
      wait(10);
      bar.tick(1, "loss < 1");
    }
    bar.done();
    assert.deepEqual(
      published.map(({ update }) => update),
      [false, true, true, true, true, true],
    );
    const ids = published.map(({ bundle }) => bundle.transient?.display_id);
    assert.equal(new Set(ids).size, 1);
    assert.ok(ids[0]);
    const html = String(published[1].bundle.data["text/html"]);
    assert.match(html, /train &lt;1&gt;.*width:25\.0%.*loss &lt; 1/);
    assert.deepEqual(published.at(-1)?.bundle.data, {
      "text/plain": "train <1>: 100 of 100 in 1.0 s (100/s)",
    });
  });

  it("gives each bar a display of its own", () => {
    const { published, screen } = cellScreen();
    progress(1, "one", { screen }).done();
    progress(1, "other", { screen }).done();
    const ids = published.map(({ bundle }) => bundle.transient?.display_id);
    assert.equal(new Set(ids).size, 2);
  });
});

describe("progress", () => {
  const { screen } = textScreen();

  it("counts where the end is not known", () => {
    const { screen, written } = textScreen(80);
    const { now, wait } = clock();
    const bar = progress(undefined, "read", { screen, now });
    wait(1000);
    bar.tick(30);
    bar.done();
    assert.equal(written[1], "\r\x1b[Kread  30  30.0/s");
    assert.equal(written[2], "\r\x1b[Kread: 30 in 1.0 s (30.0/s)\n");
  });

  it("goes on beyond the total", () => {
    const { screen, written } = textScreen(80);
    const { now, wait } = clock();
    const bar = progress(2, "read", { screen, now });
    wait(1000);
    bar.tick(3);
    bar.done();
    assert.match(written[1], /\u2588{20} {2}3\/2 {2}100 % {2}3\.0\/s$/);
    assert.match(written[2], /read: 3 of 2 in 1\.0 s/);
  });

  it("can be handed to a loop as a callback", () => {
    const { screen, written } = textScreen();
    const { done, tick } = progress(3, "read", { screen });
    for (const _ of [1, 2, 3]) tick();
    done();
    assert.match(written.at(-1) ?? "", /^read: 3 of 3/);
  });

  it("ends once, however often it is told", () => {
    const { screen, written } = textScreen();
    const bar = progress(3, "read", { screen });
    bar.done();
    bar.done();
    assert.equal(written.length, 1);
  });

  it("refuses what it cannot count", () => {
    assert.throws(() => progress(0, "read", { screen }), {
      name: "RangeError",
      message: "progress: expected a total above 0 or undefined, got 0 (read)",
    });
    assert.throws(() => progress(Number.NaN, "read", { screen }), RangeError);
    const bar = progress(3, "read", { screen });
    assert.throws(() => bar.tick(-1), /expected to count 0 or more steps/);
    assert.throws(() => bar.tick(Number.NaN), /got NaN \(read\)/);
    bar.done();
    assert.throws(() => bar.tick(), /expected no tick after done \(read\)/);
  });
});

describe("duration", () => {
  it("is as exact as it is short", () => {
    assert.deepEqual(
      [0.04, 9.94, 9.96, 59.4, 59.6, 125, 3599.6, 3780].map(duration),
      [
        "0.0 s",
        "9.9 s",
        "10 s",
        "59 s",
        "1 min 0 s",
        "2 min 5 s",
        "1 h 0 min",
        "1 h 3 min",
      ],
    );
  });
});
