import * as tf from "@tensorflow/tfjs";
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
}

export interface UseEngineOptions {
  /** Takes the line of "auto"; default console.log. */
  readonly report?: (line: string) => void;
}

/** How an engine starts; `named` is false when "auto" is looking for one. */
type Start = (named: boolean) => Promise<string>;

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
    if (started) return again(started, request);
    started =
      request === "auto" ? await climb(options) : await startNamed(request);
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

function again(engine: Engine, request: EngineRequest): Engine {
  if (request === "auto" || request === engine.name) return engine;
  throw new Error(
    `useEngine: expected "${engine.name}", which this process already uses, ` +
      `got "${request}"; start a new process (or kernel) for another engine`,
  );
}

async function startNamed(name: EngineName): Promise<Engine> {
  const [, start] = ladder.find(([rung]) => rung === name)!;
  try {
    return engine(name, await quiet(() => start(true)));
  } catch (cause) {
    throw new Error(`useEngine: ${name} cannot be had: ${reason(cause)}`, {
      cause,
    });
  }
}

async function climb({ report = console.log }: UseEngineOptions) {
  const passedOver: string[] = [];
  for (const [name, start] of ladder) {
    try {
      const found = engine(name, await quiet(() => start(false)));
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
async function quiet(start: () => Promise<string>): Promise<string> {
  tf.enableProdMode();
  return start();
}

function engine(name: EngineName, description: string): Engine {
  return { name, description, compiles: name.startsWith("tensorflow") };
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
