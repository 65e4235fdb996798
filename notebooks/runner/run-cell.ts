import type { ErrorOutput } from "./format.ts";
import type { Kernel } from "./kernel.ts";
import { KernelDied } from "./kernel-process.ts";
import { errorOutput } from "./outputs.ts";
import type { Message } from "./wire.ts";

export interface CellRequest {
  readonly seconds: number;
  /** Between interrupting and killing. Code that listens may take 5 s; 8. */
  readonly secondsToStop?: number;
  readonly stopOnError: boolean;
  readonly onMessage: (message: Message) => void;
}

export interface CellOutcome {
  readonly executionCount: number | null;
  /** Why it failed: the kernel's error, its death, or the time limit. */
  readonly error?: ErrorOutput;
}

/**
 * Runs one cell's code within its time limit.
 *
 * A cell that takes longer is interrupted; if it does not stop, the kernel is
 * killed.
 */
export async function runCell(
  kernel: Kernel,
  code: string,
  { onMessage, seconds, secondsToStop = 8, stopOnError }: CellRequest,
): Promise<CellOutcome> {
  let late: "no" | "interrupted" | "killed" = "no";
  let timer = setTimeout(() => {
    late = "interrupted";
    kernel.interrupt();
    timer = setTimeout(() => {
      late = "killed";
      kernel.kill();
    }, secondsToStop * 1000);
  }, seconds * 1000);

  const outcome = await execute(kernel, code, { onMessage, stopOnError });
  clearTimeout(timer);
  const how = late as string; // changed by the timer
  if (how === "no") return outcome;
  return { ...outcome, error: timeoutError(seconds, how === "killed") };
}

async function execute(
  kernel: Kernel,
  code: string,
  { onMessage, stopOnError }: Pick<CellRequest, "onMessage" | "stopOnError">,
): Promise<CellOutcome> {
  try {
    const reply = await kernel.execute(code, onMessage, { stopOnError });
    const count = reply.execution_count;
    const executionCount = typeof count === "number" ? count : null;
    return reply.status === "ok"
      ? { executionCount }
      : { executionCount, error: errorOutput(reply) };
  } catch (error) {
    if (!(error instanceof KernelDied)) throw error;
    return { executionCount: null, error: deathOf(error) };
  }
}

/** The death of the kernel as an error to store. */
export function deathOf(died: KernelDied): ErrorOutput {
  const traceback = [`KernelDied: ${died.message}`];
  if (died.lastWords) traceback.push(...died.lastWords.split("\n").slice(-20));
  return {
    output_type: "error",
    ename: "KernelDied",
    evalue: died.message,
    traceback,
  };
}

function timeoutError(seconds: number, killed: boolean): ErrorOutput {
  const what = killed
    ? "it did not stop when interrupted, so the kernel was killed"
    : "it was interrupted";
  const evalue = `expected the cell to end within ${seconds} s; ${what}`;
  return {
    output_type: "error",
    ename: killed ? "KernelDied" : "CellTimeout",
    evalue,
    traceback: [`CellTimeout: ${evalue}`],
  };
}
