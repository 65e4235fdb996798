/** The entry of a worker thread: opens its workplace, answers one job at a time. */
import { isNativeError } from "node:util/types";
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { openWorkplace, type Work, type Workplace } from "./workplace.ts";

/** What a thread answers: the result of a job, or why there is none. */
export type Answer<Result> =
  | { readonly result: Result }
  | { readonly error: Error };

async function answer(
  opened: Promise<Work<unknown, unknown>>,
  job: unknown,
): Promise<void> {
  try {
    const work = await opened;
    const result = await work(job);
    parentPort!.postMessage({ result } satisfies Answer<unknown>, [
      ...buffersIn(result),
    ]);
  } catch (fault) {
    // What is no plain error, such as a DOMException, would arrive empty.
    const error = isNativeError(fault) ? fault : new Error(String(fault));
    parentPort!.postMessage({ error } satisfies Answer<unknown>);
  }
}

/** Memory that goes to another thread whole; parts and shared memory do not. */
function buffersIn(value: unknown, found = new Set<ArrayBuffer>()) {
  if (ArrayBuffer.isView(value)) {
    const { buffer, byteLength } = value;
    const isWhole = byteLength === buffer.byteLength;
    if (isWhole && buffer instanceof ArrayBuffer) found.add(buffer);
  } else if (typeof value === "object" && value !== null) {
    for (const part of Object.values(value)) buffersIn(part, found);
  }
  return found;
}

if (!isMainThread) {
  const opened = openWorkplace<Work<unknown, unknown>>(workerData as Workplace);
  opened.catch(() => {}); // the first job hears of it
  parentPort!.on("message", (job) => answer(opened, job));
}
