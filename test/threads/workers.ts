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
