import * as tf from "@tensorflow/tfjs";
import { registerBarrier } from "./barrier.ts";
import { registerBfloat16 } from "./bfloat16.ts";
import type { Numerics } from "./numerics.ts";
import type { Started, StartOptions } from "./started.ts";
import { startTensorflow } from "./tensorflow.ts";
import { startTensorflowGpu } from "./tensorflow-gpu.ts";
import { startWasm } from "./wasm.ts";
import { startWebgpu } from "./webgpu.ts";

export type EngineName = "tensorflow-gpu" | "tensorflow" | "webgpu" | "wasm";
export type EngineRequest = "auto" | EngineName;

/** What carries out the tensor operations of this process. */
export interface Engine {
  readonly name: EngineName;
  /** One line: version, device, threads. */
  readonly description: string;
  /** Whether `compile` makes graphs here. */
  readonly compiles: boolean;
  /** What the last bits of results depend on besides code and seed. */
  readonly numerics: Numerics;
}

export interface UseEngineOptions {
  /** Takes the line of "auto"; default console.log. */
  readonly report?: (line: string) => void;
  /**
   * The same bytes on one core and on two, more slowly; TensorFlow on a CPU
   * alone can. Default false.
   */
  readonly portable?: boolean;
}

type Start = (options: StartOptions) => Promise<Started>;

/** Best first: the order in which "auto" tries. */
const ladder: readonly (readonly [EngineName, Start])[] = [
  ["tensorflow-gpu", startTensorflowGpu],
  ["tensorflow", startTensorflow],
  ["webgpu", startWebgpu],
  ["wasm", startWasm],
];

let started: Engine | undefined;
/** Calls take turns, so that the second sees what the first has chosen. */
let queue: Promise<unknown> = Promise.resolve();

/**
 * Starts the tensor engine of this process: a name, or the best that can be had.
 *
 * A process has one engine. Asking again for the same one, or for "auto", gives
 * it back; another name is an error, as tensors and kernels do not move.
 */
export function useEngine(
  request: EngineRequest,
  options: UseEngineOptions = {},
): Promise<Engine> {
  const turn = queue.then(async () => {
    checkName(request);
    const isPortable = options.portable === true;
    if (started) return again(started, request, isPortable);
    started =
      request === "auto"
        ? await climb(options)
        : await startNamed(request, isPortable);
    checkPortable(started, isPortable);
    registerBfloat16();
    registerBarrier();
    return started;
  });
  queue = turn.catch(() => undefined);
  return turn;
}

/** The engine in use, or undefined before `useEngine`. */
export function currentEngine(): Engine | undefined {
  return started;
}

function checkName(request: string): void {
  const known = ["auto", ...ladder.map(([name]) => name)];
  if (known.includes(request)) return;
  throw new RangeError(
    `useEngine: unknown engine "${request}"; known: ${known.join(", ")}`,
  );
}

function checkPortable({ name, numerics }: Engine, isAsked: boolean): void {
  if (!isAsked || numerics.isPortable) return;
  throw new Error(
    `useEngine: expected portable results, got ${name} without them; ask ` +
      'for "tensorflow" in a new process, and set none of its threads, ' +
      "oneDNN and XLA by hand",
  );
}

function again(
  engine: Engine,
  request: EngineRequest,
  isPortable: boolean,
): Engine {
  checkPortable(engine, isPortable);
  if (request === "auto" || request === engine.name) return engine;
  throw new Error(
    `useEngine: expected "${engine.name}", which this process already uses, ` +
      `got "${request}"; start a new process (or kernel) for another engine`,
  );
}

async function startNamed(
  name: EngineName,
  isPortable: boolean,
): Promise<Engine> {
  const [, start] = ladder.find(([rung]) => rung === name)!;
  try {
    const options = { isNamed: true, isPortable };
    return engine(name, await quiet(() => start(options)));
  } catch (cause) {
    throw new Error(`useEngine: ${name} cannot be had: ${reason(cause)}`, {
      cause,
    });
  }
}

async function climb({
  portable: isPortable = false,
  report = console.log,
}: UseEngineOptions) {
  const passedOver: string[] = [];
  for (const [name, start] of ladder) {
    try {
      const options = { isNamed: false, isPortable };
      const found = engine(name, await quiet(() => start(options)));
      const why = passedOver.length ? `; not ${passedOver.join("; not ")}` : "";
      report(`engine: ${name} (${found.description})${why}`);
      return found;
    } catch (cause) {
      passedOver.push(`${name}: ${reason(cause)}`);
    }
  }
  throw new Error(`useEngine: no engine can be had: ${passedOver.join("; ")}`);
}

/** Without the banner that tfjs prints at the first tensor. */
async function quiet<T>(start: () => Promise<T>): Promise<T> {
  tf.enableProdMode();
  return start();
}

function engine(name: EngineName, started: Started): Engine {
  return { name, ...started, compiles: name.startsWith("tensorflow") };
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
