import { setTimeout as sleep } from "node:timers/promises";
import type { Worker } from "node:worker_threads";

/**
 * Counts the threads that this process starts from now on.
 *
 * @returns how many were started, and how many of them still run
 */
export function watchWorkers(): () => { started: number; running: number } {
  const workers: Worker[] = [];
  process.on("worker", (worker: Worker) => workers.push(worker));
  return () => ({
    started: workers.length,
    // What an ended thread's id becomes.
    running: workers.filter(({ threadId }) => threadId !== -1).length,
  });
}

/** Waits, 5 s at most, for threads whose end is under way. */
export async function settled(workers: () => { readonly running: number }) {
  for (let i = 0; i < 100 && workers().running > 0; i++) await sleep(50);
  return workers().running;
}
