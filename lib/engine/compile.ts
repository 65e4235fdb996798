import * as tf from "@tensorflow/tfjs";
import { type NativeBackend, nativeBackend } from "./graph/binding.ts";
import { isRecording, record } from "./graph/record.ts";
import { openSession, type Session, type Xla } from "./graph/session.ts";
import { type Leaf, leaves, rebuild, skeleton } from "./graph/tree.ts";

export interface CompileOptions {
  /** What the step is called in reports and errors. */
  readonly name?: string;
  /**
   * Let XLA compile the graph, which takes seconds for each trace; default
   * false. On a quiet machine it saves some 10 % of a step, on a busy one it
   * can cost more.
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
 */
export function compile<I extends object, O extends object>(
  step: (input: I) => O,
  options: CompileOptions = {},
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
    const inside = isRecording() || tf.engine().state.gradientDepth > 0;
    if (!backend || inside) return own(() => step(input));

    const inputs = leaves(caller, "input", input);
    const key = inputs.map(signature).join(", ");
    const known = loaded.get(key);
    if (known) {
      const outputs = known.session.run(inputs.map((leaf) => leaf.tensor));
      return rebuild(known.form, outputs);
    }
    const made = load(caller, backend, { step, input, xla, report });
    loaded.set(key, made.loaded);
    traces.push(made.loaded.trace);
    if (traces.length > 1) report(news(caller, traces));
    return made.output;
  };
  const dispose = () => {
    for (const { session } of loaded.values()) session.dispose();
    loaded.clear();
    disposed = true;
  };
  return Object.assign(call, { traces, dispose });
}

/** Records the step; its first output comes from the recording itself. */
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
): { loaded: Loaded<O>; output: O } {
  const start = performance.now();
  const inputs = leaves(caller, "input", input);
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
    const form = skeleton(output);
    return { loaded: { trace, session, form }, output: own(() => output) };
  } finally {
    tf.dispose(output as tf.TensorContainer);
  }
}

/** Runs and gives each output a tensor of its own, also one passed through. */
function own<O extends object>(run: () => O): O {
  return tf.tidy(() => {
    const output = run();
    const found = leaves("compile", "output", output);
    const clones = found.map(({ tensor }) => tensor.clone());
    return rebuild(output, clones) as O & tf.TensorContainer;
  });
}

function signature({ path, tensor }: Leaf): string {
  return `${path} ${tensor.dtype} [${tensor.shape}]`;
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
