import { shown } from "./shown.ts";

/** Where the hub is, and how patiently it is asked. */
export interface Hub {
  readonly endpoint: string;
  readonly token?: string;
  /** user:password of a package index. */
  readonly basic?: string;
  /** What helps; the hub's unless given. */
  readonly remedies?: Remedies;
  readonly signal?: AbortSignal;
  /** Attempts in a row without progress before a request is given up. */
  readonly attempts?: number;
  /** Milliseconds before the second attempt; doubled for each further one. */
  readonly pause?: number;
  /** Milliseconds without a byte after which a connection is dropped. */
  readonly patience?: number;
}

/** What a user can do about a failure, by its status or where there is none. */
export interface Remedies {
  readonly network: string;
  readonly status: Readonly<Record<number, string>>;
}

export const hubDefaults = { attempts: 6, pause: 500, patience: 30_000 };

const unreachable = new Set<unknown>([
  "EAI_AGAIN",
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
]);

/** The system's code under what `fetch` throws. */
function codeOf(error: unknown): unknown {
  const { cause, code } = (error ?? {}) as { cause?: unknown; code?: unknown };
  return code ?? (cause === undefined ? undefined : codeOf(cause));
}

/** A failure that may pass: the caller may try again after `pause`. */
export class PassingFailure extends Error {
  /** Milliseconds that the server asks to wait, if it says. */
  readonly wait: number | undefined;
  /** Whether no server was reached at all: there may be no network. */
  readonly isUnreachable: boolean;

  constructor(message: string, options: ErrorOptions & { wait?: number } = {}) {
    super(message, options);
    this.wait = options.wait;
    this.isUnreachable = unreachable.has(codeOf(options.cause));
  }
}

/** An answer whose connection is dropped when it falls silent. */
export interface Reply {
  readonly response: Response;
  readonly chunks: AsyncGenerator<Uint8Array>;
}

/**
 * Asks once. A status other than a success or 416 is an error with a remedy;
 * a `PassingFailure` where trying again may help.
 */
export async function request(
  url: string,
  hub: Hub,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  const { patience = hubDefaults.patience, signal } = hub;
  const silence = new AbortController();
  const drop = () =>
    silence.abort(new Error(`expected a byte within ${patience} ms, got none`));
  const timer = setTimeout(drop, patience).unref();
  const either = AbortSignal.any([silence.signal, ...(signal ? [signal] : [])]);
  try {
    const response = await fetch(url, {
      headers: { ...authorization(hub), ...headers },
      signal: either,
    });
    await checkStatus(response, url, hub);
    return { response, chunks: chunksOf(response, timer, hub) };
  } catch (cause) {
    clearTimeout(timer);
    throw passing(cause, url, hub);
  }
}

async function* chunksOf(
  response: Response,
  timer: NodeJS.Timeout,
  hub: Hub,
): AsyncGenerator<Uint8Array> {
  try {
    if (response.body === null) return;
    for await (const chunk of response.body) {
      timer.refresh();
      yield chunk;
    }
  } catch (cause) {
    throw passing(cause, response.url, hub);
  } finally {
    clearTimeout(timer);
  }
}

/** A token goes to the hub only, and never over a line that others can read. */
function authorization(hub: Hub): Record<string, string> {
  const { basic, endpoint, token } = hub;
  if (!token && !basic) return {};
  const { hostname, protocol } = new URL(endpoint);
  const isLocal = ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
  if (protocol !== "https:" && !isLocal) {
    throw new Error(
      `request: expected https for a token, got ${endpoint}; ` +
        "use an https endpoint or no token",
    );
  }
  const pair = Buffer.from(basic ?? "").toString("base64");
  return { authorization: token ? `Bearer ${token}` : `Basic ${pair}` };
}

const hubRemedies: Remedies = {
  network: "check the network, a proxy, and HF_ENDPOINT where it is set",
  status: {
    401: "the repository may be private or gated; set HF_TOKEN",
    403: "accept its terms on the hub, and set HF_TOKEN of that account",
    404: "the repository or the file is not there; check the endpoint",
  },
};

async function checkStatus(
  response: Response,
  url: string,
  { remedies = hubRemedies }: Hub,
): Promise<void> {
  const { ok, status } = response;
  if (ok || status === 416) return;
  await response.body?.cancel();
  const message = `request: expected ${url}, got status ${status}`;
  if (status === 408 || status === 429 || status >= 500) {
    const wait = retryAfter(response.headers.get("retry-after"));
    throw new PassingFailure(message, wait === undefined ? {} : { wait });
  }
  const remedy = remedies.status[status];
  throw new Error(remedy ? `${message}; ${remedy}` : message);
}

const longestWait = 120_000; // ms

function retryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  const seconds = Number(header);
  const wait = Number.isFinite(seconds)
    ? 1000 * seconds
    : Date.parse(header) - Date.now();
  return wait >= 0 ? Math.min(wait, longestWait) : undefined;
}

/** Network faults pass; our own errors and the caller's abort do not. */
function passing(
  cause: unknown,
  url: string,
  { remedies = hubRemedies, signal }: Hub,
): unknown {
  if (signal?.aborted) return signal.reason;
  const ours = cause instanceof Error && cause.message.startsWith("request:");
  if (ours) return cause;
  const { message, cause: inner } = cause as Error;
  const why = inner instanceof Error ? `${message}: ${inner.message}` : message;
  return new PassingFailure(
    `request: expected ${url}, got "${shown(why)}"; ${remedies.network}`,
    { cause },
  );
}

/** Asks as often as is worth it: fewer times where no server is reached. */
export async function askPatiently<X>(
  hub: Hub,
  ask: () => Promise<X>,
): Promise<X> {
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
