import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { file, fixtures, open } from "./support.ts";

type Judged = readonly [header: string, bytes: number, isTaken: boolean];

const judged: readonly Judged[] = JSON.parse(
  readFileSync(join(fixtures, "safetensors", "headers.json"), "utf8"),
);

/** What the library takes and we refuse, with the reason in our words. */
const stricter = [
  /each name once, got/, // it shows the last of two
  /at most 3 levels/, // in fields that it passes over
  /a type of .* got (nothing|an object)/, // an entry written as a list
  /fewer than 2\^53 bytes|2\^53 - 1, got/, // sizes of a tensor without numbers
];

async function refusalOf([header, bytes]: Judged): Promise<string | undefined> {
  const data = file(Buffer.from(header, "latin1"), new Uint8Array(bytes));
  return open(data).then(
    () => undefined,
    (error: Error) => error.message,
  );
}

describe("openSafetensors and the format's own library", () => {
  it("refuses every header that the library refuses", async () => {
    const refused = judged.filter(([, , isTaken]) => !isTaken);
    assert.ok(refused.length > 400);
    const passed: string[] = [];
    for (const one of refused) {
      const reason = await refusalOf(one);
      if (reason === undefined) passed.push(one[0]);
      else assert.match(reason, /^openSafetensors: expected /);
    }
    assert.deepEqual(passed, []);
  });

  it("takes every other, but for what it says it is stricter in", async () => {
    const taken = judged.filter(([, , isTaken]) => isTaken);
    const reasons = await Promise.all(taken.map(refusalOf));
    const refused = reasons.filter((reason) => reason !== undefined);
    const others = refused.filter(
      (reason) => !stricter.some((known) => known.test(reason)),
    );
    assert.deepEqual(others, []);
    assert.ok(taken.length - refused.length > 100);
  });

  for (const [number, what] of [
    ["2.0", "a fraction"],
    ["2e0", "an exponent"],
  ]) {
    it(`refuses a size written with ${what}, and shows it`, async () => {
      const entry = `{"dtype":"F32","shape":[${number}],"data_offsets":[0,8]}`;
      const data = file(`{"x":${entry}}`, new Uint8Array(8));
      await assert.rejects(open(data), ({ message }: Error) =>
        message.includes(
          `expected a shape of whole numbers from 0 to 2^53 - 1, ` +
            `got [${number}] (tensor "x", test)`,
        ),
      );
    });
  }
});
