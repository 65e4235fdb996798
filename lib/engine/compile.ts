import * as tf from "@tensorflow/tfjs";
import { type Carrier, type CarrierOptions, openCarrier } from "./carried.ts";
import { type NativeBackend, nativeBackend } from "./graph/binding.ts";
import { isRecording, record } from "./graph/record.ts";
import { openSession, type Session, type Xla } from "./graph/session.ts";
import { leafPaths, rebuild, signature, skeleton } from "./graph/tree.ts";
import { isInGradient, own } from "./own.ts";

export interface CompileOptions {
  /** What the step is called in reports and errors. */
  readonly name?: string;
  /**
   * Let XLA compile the graph, which takes seconds for each trace; default
   * false. On a quiet machine it saves most on a small step, on a busy one it
   * can cost more; see `npm run bench -- engine`.
   *
   * "auto" does so after 500 runs of a trace: a count and not a clock decides,
   * so that the same run gives the same numbers again.
   */
  readonly xla?: boolean | "auto";
  /** Takes lines such as that of a second trace; default console.log. */
  readonly report?: (line: string) => void;
}

/** One recording of a step. */
export interface Trace {
  /** Path, type and shape of each input. */
  readonly inputs: readonly string[];
  readonly nNodes: number;
  readonly seconds: number;
  /** Whether XLA compiles the graph now. */
  readonly xla: boolean;
}

/** A step that runs as one TensorFlow graph where the engine can do that. */
export interface Compiled<I extends object, O extends object> {
  (input: I): O;
  /** One for each structure of inputs met; empty where nothing is recorded. */
  readonly traces: readonly Trace[];
  /** Frees the graphs; the step can not be called after. */
  dispose(): void;
}

/** A step that hands its state on to itself. */
export interface Carried<I extends object, O extends object, K extends string> {
  /**
   * @param input - all but the state
   * @returns all but the state
   */
  (input: Omit<I, K>): Omit<O, K>;
  /** Copies of the state's tensors, the caller's. */
  read(): K extends keyof I ? I[K] : never;
  /** Sets the state; the tensors stay the caller's. */
  write(state: K extends keyof I ? I[K] : never): void;
  /** One for each structure of inputs met; empty where nothing is recorded. */
  readonly traces: readonly Trace[];
  /** Frees the state and the graphs; the step can not be called after. */
  dispose(): void;
}

/** What carrying adds to the options; "auto" would move the state. */
export interface CarryOptions<K extends string>
  extends Omit<CompileOptions, "xla"> {
  /** The state's name in the step's input and output. */
  readonly carry: K;
  readonly xla?: boolean;
}

interface Loaded<O extends object> {
  readonly trace: Trace;
  readonly session: Session;
  readonly form: O;
}

/**
 * A pure function of tensors, recorded once for each structure, type and shape
 * of its input and from then on run as one TensorFlow graph.
 *
 * Whatever changes between calls must be a tensor of the input: a number read
 * while recording is frozen. Tensors captured from outside, values read inside,
 * and chance are refused. On engines without graphs, and inside a gradient or
 * another recording, the step runs as it is. Outputs belong to the caller;
 * inputs are never disposed.
 *
 * With `carry`, what the step returns under that name replaces what it took,
 * and stays inside the graph: it is set once by `write`, and `read` copies it
 * out. On a GPU it is not copied through host memory at each step; on a CPU the
 * graph takes and gives its tensors without copying them, so `write`, `read` and
 * a new trace cost no second state. A step that fails leaves it as it was. All
 * traces share it in one graph: a new one has TensorFlow plan the older ones
 * anew at their next run, for some two seconds of a processor each. What a step
 * returns untouched, such as frozen weights, stays where it is. Where there are
 * no graphs the same calls keep plain tensors.
 *
 * ```ts
 * const step = compile(trainingStep, { carry: "state" });
 * step.write(startAdamw(params));
 * const { loss } = step({ batch, learningRate });
 * ```
 */
export function compile<
  I extends object,
  O extends object,
  const K extends string,
>(step: (input: I) => O, options: CarryOptions<K>): Carried<I, O, K>;
export function compile<I extends object, O extends object>(
  step: (input: I) => O,
  options?: CompileOptions,
): Compiled<I, O>;
export function compile<I extends object, O extends object>(
  step: (input: I) => O,
  options: CompileOptions & { readonly carry?: string } = {},
): unknown {
  const { carry, xla, ...rest } = options;
  if (carry === undefined) return compileWhole(step, options);
  if (xla === "auto") {
    throw new RangeError(
      'compile: expected xla to be true or false beside carry, got "auto", ' +
        "which would load the graph, and the state with it, anew",
    );
  }
  const carrying = { ...rest, carry, xla: xla === true };
  return compileCarried(step as unknown as AnyStep, carrying);
}

type AnyStep = (input: object) => object;

function compileCarried(
  run: AnyStep,
  {
    carry,
    name = run.name || "step",
    report = console.log,
    xla,
  }: Omit<CarryOptions<string>, "xla"> & { readonly xla: boolean },
): Carried<object, object, string> {
  const caller = `compile("${name}")`;
  const traces: Trace[] = [];
  const options: CarrierOptions = {
    caller,
    carry,
    run,
    xla,
    onTrace: ({ inputs, ...made }) => {
      traces.push({ inputs: inputs.map(signature), xla, ...made });
      if (traces.length > 1) report(news(caller, traces));
    },
  };
  let carrier: Carrier | undefined;
  let disposed = false;
  const checkUse = () => {
    if (!disposed) return;
    throw new Error(`${caller}: expected a step in use, got a disposed one`);
  };
  const open = (): Carrier => {
    checkUse();
    if (carrier) return carrier;
    throw new Error(
      `${caller}: expected a state, got none; set it with write(${carry})`,
    );
  };
  const step = (input: object) => open().step(input);
  return Object.assign(step, {
    traces,
    read: () => open().read() as never,
    write: (state: object) => {
      checkUse();
      if (carrier) carrier.write(state);
      else carrier = openCarrier(options, state);
    },
    dispose: () => {
      carrier?.dispose();
      carrier = undefined;
      disposed = true;
    },
  });
}

function compileWhole<I extends object, O extends object>(
  step: (input: I) => O,
  options: CompileOptions,
): Compiled<I, O> {
  const { name = step.name || "step", report = console.log } = options;
  const { xla = false } = options;
  const caller = `compile("${name}")`;
  const loaded = new Map<string, Loaded<O>>();
  const traces: Trace[] = [];
  let disposed = false;

  const call = (input: I): O => {
    if (disposed) {
      throw new Error(`${caller}: expected a step in use, got a disposed one`);
    }
    const backend = nativeBackend();
    const inside = isRecording() || isInGradient();
    if (!backend || inside) return own(() => step(input));

    const inputs = leafPaths(caller, "input", input);
    const key = inputs.map(signature).join(", ");
    if (!loaded.has(key)) {
      const made = load(caller, backend, { step, input, xla, report });
      loaded.set(key, made);
      traces.push(made.trace);
      if (traces.length > 1) report(news(caller, traces));
    }
    const { form, session } = loaded.get(key)!;
    return rebuild(form, session.run(inputs.map((leaf) => leaf.tensor)));
  };
  const dispose = () => {
    for (const { session } of loaded.values()) session.dispose();
    loaded.clear();
    disposed = true;
  };
  return Object.assign(call, { traces, dispose });
}

/** Records the step and hands it to TensorFlow. */
function load<I extends object, O extends object>(
  caller: string,
  backend: NativeBackend,
  {
    input,
    report,
    step,
    xla,
  }: {
    readonly step: (input: I) => O;
    readonly input: I;
    readonly xla: Xla;
    readonly report: (line: string) => void;
  },
): Loaded<O> {
  const start = performance.now();
  const inputs = leafPaths(caller, "input", input);
  const { graph, output } = record(caller, backend, {
    inputs,
    run: (copies) => step(rebuild(input, copies)),
  });
  try {
    const session = openSession(caller, backend, { graph, xla, report });
    const trace: Trace = {
      inputs: inputs.map(signature),
      nNodes: graph.nodes.length,
      seconds: (performance.now() - start) / 1000,
      get xla() {
        return session.usesXla();
      },
    };
    return { trace, session, form: skeleton(output) };
  } finally {
    tf.dispose(output as tf.TensorContainer);
  }
}

/** What differs between the last trace and the one before it. */
function news(caller: string, traces: readonly Trace[]): string {
  const [before, last] = traces.slice(-2);
  const changed = last.inputs.filter((leaf) => !before.inputs.includes(leaf));
  const shown = changed.slice(0, 3).join(", ");
  const more = changed.length > 3 ? ` and ${changed.length - 3} more` : "";
  return (
    `${caller}: trace ${traces.length} for ${shown}${more} ` +
    `(${last.nNodes} nodes, ${last.seconds.toFixed(1)} s)`
  );
}
