import {
  type Hub,
  hubDefaults,
  longestWait,
  PassingFailure,
} from "./request.ts";

/**
 * What a small question is answered, asked again while its failures pass; less
 * often where no server is reached at all.
 */
export async function askPatiently<T>(
  hub: Hub,
  ask: () => Promise<T>,
): Promise<T> {
  const { attempts = hubDefaults.attempts } = hub;
  for (let failures = 1; ; failures++) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof PassingFailure)) throw error;
      const most = error.isUnreachable ? Math.min(attempts, 3) : attempts;
      if (failures >= most) throw error;
      await pauseAfter(error, failures, hub);
    }
  }
}

/** Waits before attempt `failures` + 1, or until the signal aborts. */
export async function pauseAfter(
  failure: PassingFailure,
  failures: number,
  { pause = hubDefaults.pause, signal }: Hub,
): Promise<void> {
  const backoff = Math.min(pause * 2 ** (failures - 1), longestWait);
  const wait = failure.wait ?? backoff;
  await new Promise<void>((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, wait);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}
