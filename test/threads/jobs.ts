/** What the threads of the tests do with a job: `Workplace`s name it. */
import { setTimeout as sleep } from "node:timers/promises";
import { threadId } from "node:worker_threads";

export function openJobs(kept: Float32Array) {
  const last: Float32Array[] = [];
  return async (job: string) => {
    if (job === "array") last.push(Float32Array.of(1, 2, 3));
    if (job === "refuse") {
      const cause = new TypeError("expected less");
      throw new RangeError("jobs: expected more", { cause });
    }
    if (job === "exit") process.exit(3);
    if (job === "hang") await new Promise(() => {});
    if (job === "exit later") setTimeout(() => process.exit(4), 10);
    if (job === "throw later") {
      setTimeout(() => {
        throw new Error("late");
      }, 10);
    }
    if (job === "slow") await sleep(100);
    if (job === "function") return { job: () => job };
    if (job === "write") kept[0]++;
    return {
      threadId,
      job,
      /** Lengths of the arrays that were given away before. */
      given: last.slice(0, -1).map(({ length }) => length),
      arrays: last.slice(-1),
      part: new Float32Array(8).subarray(2, 4).fill(5),
      kept: kept?.[0],
    };
  };
}

export async function openNever(): Promise<never> {
  throw new RangeError("openNever: expected to be open, got never");
}

export const notAFunction = 1;
