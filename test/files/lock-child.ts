/** Takes a lock again and again, and says when it is inside; may be killed. */
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { withLock } from "../../lib/files/lock.ts";

const [, , path, log, turns] = process.argv;
const say = (word: string) => appendFileSync(log, `${word} ${process.pid}\n`);

for (let turn = 0; turn < Number(turns); turn++) {
  await withLock(path, async () => {
    say("in");
    await sleep(Number(turns) === 1 ? 60_000 : 1);
    say("out");
  });
}
