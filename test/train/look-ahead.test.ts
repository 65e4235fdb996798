import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openLookAhead } from "../../lib/train/ahead/look-ahead.ts";

/** Makes a place's own name, and keeps what it was asked for. */
function maker(faultAt = -1) {
  const asked: number[] = [];
  const make = async (place: number) => {
    asked.push(place);
    await sleep(place % 3);
    if (place === faultAt) throw new RangeError(`none at ${place}`);
    return `made ${place}`;
  };
  return { asked, make };
}

describe("openLookAhead", () => {
  it("gives each place its own, in whatever order they are done", async () => {
    const { asked, make } = maker();
    const ahead = openLookAhead(make, { ahead: 3, end: 9 });
    for (let place = 0; place < 9; place++) {
      assert.equal(await ahead.at(place), `made ${place}`);
      const last = Math.min(place + 3, 8);
      assert.deepEqual(
        asked,
        Array.from({ length: last + 1 }, (_, i) => i),
      );
    }
  });

  it("looks no further than its end, nor at all where it is told none", async () => {
    const { asked, make } = maker();
    const ahead = openLookAhead(make, { ahead: 0, end: 2 });
    for (const place of [0, 1, 5]) await ahead.at(place);
    assert.deepEqual(asked, [0, 1, 5]);
  });

  it("goes on from any place, and gives none that was made for another", async () => {
    const { asked, make } = maker();
    const ahead = openLookAhead(make, { ahead: 2, end: 50 });
    for (const place of [20, 21, 3, 4, 30]) {
      assert.equal(await ahead.at(place), `made ${place}`);
    }
    assert.deepEqual(asked, [20, 21, 22, 23, 3, 4, 5, 6, 30, 31, 32]);
  });

  it("keeps a fault for the place that it belongs to", async () => {
    const { make } = maker(2);
    const ahead = openLookAhead(make, { ahead: 4, end: 9 });
    assert.equal(await ahead.at(0), "made 0");
    await sleep(20); // it has happened by now, and nobody must hear of it
    assert.equal(await ahead.at(1), "made 1");
    await assert.rejects(ahead.at(2), { message: "none at 2" });
    assert.equal(await ahead.at(3), "made 3");
  });

  it("stopped it ends who waits, and who asks later, with the reason", async () => {
    const never = () => new Promise<string>(() => {});
    const ahead = openLookAhead(never, { ahead: 1, end: 9 });
    const waiting = ahead.at(0);
    ahead.stop(new Error("enough"));
    await assert.rejects(waiting, /enough/);
    await assert.rejects(ahead.at(1), /enough/);
  });
});
