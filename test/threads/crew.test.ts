import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Crew, ThreadFault } from "../../lib/threads/crew.ts";
import type { openJobs } from "./jobs.ts";
import { watchWorkers } from "./workers.ts";

type Answer = Exclude<
  Awaited<ReturnType<ReturnType<typeof openJobs>>>,
  { job: () => string }
>;

const module = new URL("jobs.ts", import.meta.url).href;
const workers = watchWorkers();
const open: Crew<string, Answer>[] = [];

function crewOf(
  name: string,
  { given, patience = 60_000, size = 1 } = {} as {
    given?: unknown;
    patience?: number;
    size?: number;
  },
): Crew<string, Answer> {
  const crew = new Crew<string, Answer>(
    { module, name, given },
    { size, patience },
  );
  open.push(crew);
  return crew;
}

describe("Crew", () => {
  afterEach(async () => {
    for (const crew of open.splice(0)) await crew.close();
    assert.equal(workers().running, 0);
  });

  it("begins jobs in the order of calls, on as many threads as it has", async () => {
    const crew = crewOf("openJobs", { size: 2 });
    const asked = ["slow", "a", "slow", "b", "c"];
    const answers = await Promise.all(asked.map((job) => crew.run(job)));
    assert.deepEqual(
      answers.map(({ job }) => job),
      asked,
    );
    const threads = new Set(answers.map(({ threadId }) => threadId));
    assert.equal(threads.size, 2);
  });

  it("hands arrays over without a copy, and parts of arrays as copies", async () => {
    const crew = crewOf("openJobs");
    await crew.run("array");
    const { arrays, given, part } = await crew.run("array");
    assert.deepEqual(arrays, [Float32Array.of(1, 2, 3)]);
    assert.deepEqual(given, [0]); // the thread has it no more
    assert.deepEqual(part, Float32Array.of(5, 5));
  });

  it("shares what lies in shared memory", async () => {
    const given = new Float32Array(new SharedArrayBuffer(4));
    const crew = crewOf("openJobs", { given });
    await crew.run("write");
    assert.equal((await crew.run("write")).kept, 2);
    assert.equal(given[0], 2);
  });

  it("throws what a job threw, its kind and cause with it, and goes on", async () => {
    const crew = crewOf("openJobs");
    await assert.rejects(crew.run("refuse"), (error) => {
      assert.ok(error instanceof RangeError);
      assert.equal(error.message, "jobs: expected more");
      assert.match(`${error.cause}`, /^TypeError: expected less$/);
      assert.match(`${error.stack}`, /jobs\.ts/);
      return true;
    });
    await assert.rejects(crew.run("function"), /could not be cloned/);
    assert.equal((await crew.run("a")).job, "a");
    assert.equal(workers().running, 1);
  });

  it("makes an error of a thread's end, late or in its job, and replaces it", async () => {
    const crew = crewOf("openJobs");
    await assert.rejects(crew.run("exit"), {
      message: "expected an answer, got the thread's end (3)",
    });
    for (const [job, message] of [
      ["exit later", "expected an answer, got the thread's end (4)"],
      ["throw later", "expected an answer, got late"],
    ]) {
      await crew.run(job);
      while (workers().running > 0) await sleep(5);
      const lost = crew.run("a");
      await assert.rejects(lost, (error) => error instanceof ThreadFault);
      await assert.rejects(lost, { message });
      assert.equal((await crew.run("b")).job, "b");
    }
  });

  it("ends a thread that takes too long, not one whose answer lies there", async () => {
    const crew = crewOf("openJobs", { patience: 2_000 });
    await crew.run("a");
    const answered = crew.run("b");
    const until = performance.now() + 2_100;
    while (performance.now() < until); // this thread hears nothing meanwhile
    assert.equal((await answered).job, "b");
    const hasty = crewOf("openJobs", { patience: 50 });
    await assert.rejects(hasty.run("hang"), {
      message: "expected an answer within 50 ms",
    });
  });

  it("tells every job why its workplace does not open", async () => {
    const crew = crewOf("openNever");
    for (const job of ["a", "b"]) {
      await assert.rejects(crew.run(job), {
        name: "RangeError",
        message: "openNever: expected to be open, got never",
      });
    }
    await assert.rejects(crewOf("notAFunction").run("a"), {
      name: "TypeError",
      message:
        `openWorkplace: expected ${module} to export a function ` +
        `"notAFunction", got number`,
    });
  });

  it("closed it ends its threads, and those who wait hear of it", async () => {
    const crew = crewOf("openJobs");
    const hanging = crew.run("hang");
    const behind = crew.run("a");
    const ends = Promise.allSettled([hanging, behind]);
    await crew.close();
    const [first, second] = await ends;
    assert.match(`${(first as PromiseRejectedResult).reason}`, /thread's end/);
    assert.match(`${(second as PromiseRejectedResult).reason}`, /to be open/);
    await assert.rejects(crew.run("b"), /expected to be open/);
  });
});
