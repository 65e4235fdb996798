import { shown } from "./shown.ts";

/** What helps where a request fails. */
export interface Remedies {
  /** Where no answer came. */
  readonly network: string;
  readonly byStatus: Readonly<Record<number, string>>;
}

/** Where the hub is, and how patiently it is asked. */
export interface Hub {
  readonly endpoint: string;
  readonly token?: string;
  /** Name and password of a package index, in base64. */
  readonly basic?: string;
  /** What to say where a request fails; for the hub unless given. */
  readonly remedies?: Remedies;
  readonly signal?: AbortSignal;
  /** Attempts in a row without progress before a request is given up. */
  readonly attempts?: number;
  /** Milliseconds before the second attempt; doubled for each further one. */
  readonly pause?: number;
  /** Milliseconds without a byte after which a connection is dropped. */
  readonly patience?: number;
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

/** Secrets go to their server only, never over a line that others can read. */
function authorization({
  basic,
  endpoint,
  token,
}: Hub): Record<string, string> {
  if (!token && !basic) return {};
  const { hostname, protocol } = new URL(endpoint);
  const isLocal = ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
  if (protocol !== "https:" && !isLocal) {
    throw new Error(
      `request: expected https for a ${token ? "token" : "password"}, got ` +
        `${endpoint}; use an https endpoint or none`,
    );
  }
  return { authorization: token ? `Bearer ${token}` : `Basic ${basic}` };
}

const hubRemedies: Remedies = {
  network: "check the network, a proxy, and HF_ENDPOINT where it is set",
  byStatus: {
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
  const remedy = remedies.byStatus[status];
  throw new Error(remedy ? `${message}; ${remedy}` : message);
}

/** Milliseconds that a wait between attempts has at most. */
export const longestWait = 120_000;

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

/** An answer's text, of at most `most` characters. */
export async function textOf(
  { chunks, response }: Reply,
  most: number,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of chunks) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > most) {
      throw new Error(
        `textOf: expected an answer of at most ${most} characters, ` +
          `got more (${response.url})`,
      );
    }
  }
  return text + decoder.decode();
}
