import * as tf from "@tensorflow/tfjs";
import type { NativeBackend } from "./graph/binding.ts";
import { nativeBackend, typeNumbers } from "./graph/binding.ts";
import {
  type CarriedTrace,
  carriedModel,
  type StateLeaf,
} from "./graph/carried-model.ts";
import { isRecording, record } from "./graph/record.ts";
import { type CarriedSession, openCarriedSession } from "./graph/session.ts";
import {
  type Leaf,
  leafPaths,
  rebuild,
  signature,
  skeleton,
} from "./graph/tree.ts";
import { isInGradient, own } from "./own.ts";

/** A state and the ways to go on from it; the tensors are tfjs's. */
export interface Carrier {
  /** A copy of the state, the caller's. */
  read(): object;
  /** Sets the state; the tensors stay the caller's. */
  write(state: object): void;
  /** The step's other outputs, the caller's. */
  step(input: object): object;
  dispose(): void;
}

/** The same by leaves, in the order of their paths. */
interface Holder {
  read(): tf.Tensor[];
  write(state: readonly tf.Tensor[]): void;
  step(input: object): object;
  dispose(): void;
}

export interface CarrierOptions {
  readonly caller: string;
  readonly carry: string;
  readonly run: (input: object) => object;
  readonly xla: boolean;
  /** Called when a recording has been loaded. */
  readonly onTrace: (made: {
    readonly inputs: readonly Leaf[];
    readonly nNodes: number;
    readonly seconds: number;
  }) => void;
}

/** A state that stays inside the graph, or, without graphs, plain tensors. */
export function openCarrier(options: CarrierOptions, state: object): Carrier {
  const { caller, carry } = options;
  const backend = nativeBackend();
  const first = leafPaths(caller, carry, state);
  const form = skeleton(state);
  const start = { form, expected: first.map(signature) };
  const tensors = first.map(({ tensor }) => tensor);
  const holder = backend
    ? inGraph(options, { ...start, backend, tensors })
    : inTensors(options, { ...start, tensors });
  return {
    read: () => rebuild(form, holder.read()),
    write: (next) => holder.write(checkState(options, start.expected, next)),
    step: (input) => {
      if (Object.hasOwn(input, carry)) {
        throw new TypeError(
          `${caller}: expected an input without "${carry}", which is carried, ` +
            `got one with it; set it with write(${carry})`,
        );
      }
      if (isRecording() || isInGradient()) {
        throw new Error(
          `${caller}: expected a call of its own, got one inside a gradient ` +
            "or a recording, which could not keep the state",
        );
      }
      return holder.step(input);
    },
    dispose: holder.dispose,
  };
}

interface Start {
  readonly form: object;
  /** Path, type and shape of each leaf. */
  readonly expected: readonly string[];
  readonly tensors: readonly tf.Tensor[];
}

/** Refuses a state of another form, type or shape than the first. */
function checkState(
  { caller, carry }: Pick<CarrierOptions, "caller" | "carry">,
  expected: readonly string[],
  state: unknown,
): tf.Tensor[] {
  const found = leafPaths(caller, carry, state);
  const got = found.map(signature);
  const length = Math.max(expected.length, got.length);
  for (let i = 0; i < length; i++) {
    if (expected[i] === got[i]) continue;
    throw new RangeError(
      `${caller}: expected ${expected[i] ?? "no further tensor"}, ` +
        `got ${got[i] ?? "none"} (state "${carry}")`,
    );
  }
  return found.map(({ tensor }) => tensor);
}

/** Copies that no tidy of the caller frees. */
function kept(tensors: readonly tf.Tensor[]): tf.Tensor[] {
  return tensors.map((tensor) => tf.keep(tensor.clone()));
}

/** The state's own tensors, replaced at each step. */
function inTensors(
  options: CarrierOptions,
  { expected, form, tensors }: Start,
): Holder {
  const { caller, carry, run } = options;
  let held = kept(tensors);
  const replace = (state: readonly tf.Tensor[]) => {
    for (const tensor of held) tensor.dispose();
    held = [...state];
  };
  return {
    read: () => held.map((tensor) => tensor.clone()),
    write: (state) => replace(kept(state)),
    step: (input) => {
      const output = own(() => run({ ...input, [carry]: rebuild(form, held) }));
      const { after, rest } = parted(options, output);
      try {
        replace(checkState(options, expected, after).map(tf.keep));
      } catch (error) {
        for (const { tensor } of leafPaths(caller, "output", output)) {
          tensor.dispose();
        }
        throw error;
      }
      return rest;
    },
    dispose: () => replace([]),
  };
}

/** The state after a step, and what else it returned. */
function parted({ caller, carry }: CarrierOptions, output: object) {
  const { [carry]: after, ...rest } = output as Record<string, object>;
  if (after !== undefined) return { after, rest };
  throw new TypeError(
    `${caller}: expected a step that returns "${carry}", got ` +
      `${Object.keys(output).join(", ")}`,
  );
}

/** A recorded step, and how its other outputs are put together. */
interface Known {
  readonly at: number;
  readonly rest: object;
}

/** The state as variables of a graph that holds every trace. */
function inGraph(
  options: CarrierOptions,
  { backend, tensors, ...start }: Start & { readonly backend: NativeBackend },
): Holder {
  const { caller, xla } = options;
  const sizes = tensors.map(
    ({ dtype, shape }): StateLeaf => ({ dtype: typeNumbers[dtype], shape }),
  );
  const traces: CarriedTrace[] = [];
  const known = new Map<string, Known>();
  /** Before the first step there is no graph: the state waits outside. */
  let waiting = kept(tensors);
  let session: CarriedSession | undefined;
  const drop = () => {
    for (const tensor of waiting) tensor.dispose();
    waiting = [];
  };

  const read = () =>
    session ? session.read() : waiting.map((tensor) => tensor.clone());
  const write = (state: readonly tf.Tensor[]) => {
    if (session) return session.write(state);
    drop();
    waiting = kept(state);
  };
  /** Loads all traces with one more; the state moves over. */
  const add = (trace: CarriedTrace, before: readonly tf.Tensor[]) => {
    const model = carriedModel(sizes, [...traces, trace]);
    const next = openCarriedSession(caller, backend, { model, xla });
    try {
      next.write(before);
    } catch (error) {
      next.dispose();
      throw error;
    }
    session?.dispose();
    session = next;
    traces.push(trace);
    drop();
  };
  const begin = (input: object, key: string) => {
    const begun = performance.now();
    const before = read();
    try {
      const made = recordStep(options, { ...start, backend, input, before });
      try {
        add(made.trace, before);
        known.set(key, { at: traces.length - 1, rest: skeleton(made.rest) });
        options.onTrace({
          inputs: made.inputs,
          nNodes: made.trace.graph.nodes.length,
          seconds: (performance.now() - begun) / 1000,
        });
      } finally {
        for (const tensor of made.all) tensor.dispose();
      }
    } finally {
      for (const tensor of before) tensor.dispose();
    }
  };
  return {
    read,
    write,
    step: (input) => {
      const inputs = leafPaths(caller, "input", { ...input });
      const key = inputs.map(signature).join(", ");
      if (!known.has(key)) begin(input, key);
      const trace = known.get(key)!;
      const tensors = inputs.map(({ tensor }) => tensor);
      return rebuild(trace.rest, session!.run(trace.at, tensors));
    },
    dispose: () => {
      drop();
      session?.dispose();
      session = undefined;
    },
  };
}

/** Records a step over copies of state and input. */
function recordStep(
  options: CarrierOptions,
  {
    backend,
    before,
    expected,
    form,
    input,
  }: Omit<Start, "tensors"> & {
    readonly backend: NativeBackend;
    readonly input: object;
    readonly before: readonly tf.Tensor[];
  },
) {
  const { caller, carry, run } = options;
  const whole = { ...input, [carry]: rebuild(form, before) };
  const inputs = leafPaths(caller, "input", whole);
  const isState = (root: string) => (leaf: Leaf) =>
    leaf.path === `${root}.${carry}` ||
    leaf.path.startsWith(`${root}.${carry}.`);
  const { graph, output } = record(caller, backend, {
    inputs,
    run: (copies) => run(rebuild(whole, copies)),
  });
  const outputs = leafPaths(caller, "output", output);
  const all = outputs.map(({ tensor }) => tensor);
  try {
    const { after, rest } = parted(options, output);
    checkState(options, expected, after);
    const placesOf = (found: readonly Leaf[], root: string) =>
      found.flatMap((leaf, i) => (isState(root)(leaf) ? [i] : []));
    return {
      all: new Set(all),
      inputs,
      rest,
      trace: {
        graph,
        stateInputs: placesOf(inputs, "input"),
        stateOutputs: placesOf(outputs, "output"),
      },
    };
  } catch (error) {
    for (const tensor of new Set(all)) tensor.dispose();
    throw error;
  }
}
