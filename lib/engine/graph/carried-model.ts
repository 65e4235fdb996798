import { typeNumbers } from "./binding.ts";
import type { Graph, GraphNode } from "./graph.ts";

/** A tensor of the state: a variable of the model. */
export interface StateLeaf {
  readonly dtype: number;
  readonly shape: readonly number[];
}

/** A recorded step with what of it is state, leaf by leaf. */
export interface CarriedTrace {
  readonly graph: Graph;
  /** Places of the state among the graph's inputs. */
  readonly stateInputs: readonly number[];
  /** Places of the state after the step among the graph's outputs. */
  readonly stateOutputs: readonly number[];
}

/** Names to feed and to fetch. */
export interface Signature {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** Traces around one state, as the nodes of one graph. */
export interface CarriedModel {
  readonly nodes: readonly GraphNode[];
  /** Sets the state to what is fed. */
  readonly write: Signature;
  /** Fetches the state. */
  readonly read: Signature;
  /** A step of each trace: its other inputs, its other outputs. */
  readonly steps: readonly Signature[];
}

type OpNode = Extract<GraphNode, { kind: "op" }>;

const attribute = (name: string, type: number, value: unknown) => ({
  name,
  type,
  value,
});
const typeOf = (name: string, dtype: number) => attribute(name, 4, dtype);

/**
 * Joins traces into one graph in which the state is variables that all of them
 * read and assign.
 *
 * One graph and not one for each trace, as variables belong to a session. No
 * variable is assigned before every output of the step has been computed, so a
 * step that fails has changed nothing.
 */
export function carriedModel(
  state: readonly StateLeaf[],
  traces: readonly CarriedTrace[],
): CarriedModel {
  const writes = state.map((_, i) => fed(`write${i}`));
  const parts = traces.map((trace, t) => stepNodes(trace, state, `step${t}_`));
  const nodes = [
    ...state.flatMap(variableNodes),
    constantOne,
    identity("written", "one", {
      dtype: typeNumbers.float32,
      after: state.map((_, i) => `assign${i}`),
    }),
    ...parts.flatMap((part) => part.nodes),
  ];
  return {
    nodes,
    write: { inputs: writes, outputs: ["written"] },
    read: { inputs: [], outputs: state.map((_, i) => `read${i}`) },
    steps: parts.map(({ signature }) => signature),
  };
}

const constantOne: GraphNode = {
  kind: "constant",
  name: "one",
  dtype: typeNumbers.float32,
  shape: [],
  content: new Uint8Array(Float32Array.of(1).buffer),
};

/** A variable with a way in and a way out. */
function variableNodes({ dtype, shape }: StateLeaf, i: number): GraphNode[] {
  const type = typeOf("dtype", dtype);
  return [
    operation(`variable${i}`, "VarHandleOp", {
      attributes: [
        attribute("container", 0, ""),
        attribute("shared_name", 0, `variable${i}`),
        type,
        // As TensorFlow treats what is fed. With a known shape it adds sums of
        // three and more up in another order than the step that takes and
        // returns its state.
        attribute("shape", 5, "unknown"),
      ],
    }),
    operation(`read${i}`, "ReadVariableOp", {
      inputs: [`variable${i}`],
      attributes: [type],
    }),
    ...inputNodes(`write${i}`, { dtype, shape }),
    operation(`assign${i}`, "AssignVariableOp", {
      inputs: [`variable${i}`, `write${i}`],
      attributes: [type],
    }),
  ];
}

/** What is fed for a value that is named so. */
const fed = (name: string) => `${name}_fed`;

/**
 * A value that is fed, copied.
 *
 * A tensor made from host values shares their memory, which the binding lets go
 * of when the tensor's last use is over. A variable would make that the moment
 * at which it is assigned anew, on a thread of TensorFlow's, where the binding
 * must not call JavaScript's engine: it damages the heap.
 */
function inputNodes(name: string, { dtype, shape }: StateLeaf): GraphNode[] {
  const copy = operation(name, "DeepCopy", {
    inputs: [fed(name)],
    attributes: [typeOf("T", dtype)],
  });
  return [
    { kind: "input", name: fed(name), dtype, shape },
    { ...copy, types: [dtype] },
  ];
}

function stepNodes(
  { graph, stateInputs, stateOutputs }: CarriedTrace,
  state: readonly StateLeaf[],
  prefix: string,
): { nodes: GraphNode[]; signature: Signature } {
  const variableOf = new Map(
    stateInputs.map((place, i) => [graph.inputNames[place], i]),
  );
  const own = graph.nodes.flatMap((node): GraphNode[] => {
    const name = prefix + node.name;
    if (node.kind === "op") {
      const inputs = node.inputs.map((input) => prefixed(prefix, input));
      return [{ ...node, name, inputs }];
    }
    const i = variableOf.get(node.name);
    if (i === undefined) {
      return node.kind === "input"
        ? inputNodes(name, node)
        : [{ ...node, name }];
    }
    const { dtype } = state[i];
    const read = operation(name, "ReadVariableOp", {
      inputs: [`variable${i}`],
      attributes: [typeOf("dtype", dtype)],
    });
    return [{ ...read, types: [dtype] }];
  });
  const all = graph.outputNames.map((name) => prefix + name);
  const ready = operation(`${prefix}ready`, "NoOp", { after: all });
  const assigns = stateOutputs.flatMap((place, i) => {
    const untouched = prefix + graph.inputNames[stateInputs[i]];
    if (nodeOf(own, all[place]).inputs[0] === untouched) return [];
    return operation(`${prefix}assign${i}`, "AssignVariableOp", {
      inputs: [`variable${i}`, all[place]],
      attributes: [typeOf("dtype", state[i].dtype)],
      after: [ready.name],
    });
  });
  const after = assigns.map(({ name }) => name);
  const others = graph.outputNames.flatMap((name, place) =>
    stateOutputs.includes(place) ? [] : [name],
  );
  const fetches = others.map((name) =>
    identity(`${prefix}fetch_${name}`, prefix + name, {
      dtype: nodeOf(graph.nodes, name).attributes[0].value as number,
      after,
    }),
  );
  // A step that returns its state alone still needs something to fetch.
  const done = identity(`${prefix}done`, "one", {
    dtype: typeNumbers.float32,
    after,
  });
  const inputs = graph.inputNames.filter((name) => !variableOf.has(name));
  return {
    nodes: [...own, ready, ...assigns, ...fetches, done],
    signature: {
      inputs: inputs.map((name) => fed(prefix + name)),
      outputs: [...fetches, done].map(({ name }) => name),
    },
  };
}

/** The name of what a node reads, or, marked so, waits for. */
const prefixed = (prefix: string, input: string) =>
  input.startsWith("^") ? `^${prefix}${input.slice(1)}` : prefix + input;

/** An output's node, which is an operation: Identity, typed by T. */
function nodeOf(nodes: readonly GraphNode[], name: string): OpNode {
  return nodes.find((node) => node.name === name) as OpNode;
}

function identity(
  name: string,
  input: string,
  {
    after,
    dtype,
  }: { readonly dtype: number; readonly after: readonly string[] },
): OpNode {
  return operation(name, "Identity", {
    inputs: [input],
    attributes: [typeOf("T", dtype)],
    after,
  });
}

/** An operation that XLA leaves alone; `after` must have run before it. */
function operation(
  name: string,
  op: string,
  {
    after = [],
    attributes = [],
    inputs = [],
  }: {
    readonly inputs?: readonly string[];
    readonly attributes?: OpNode["attributes"];
    readonly after?: readonly string[];
  },
): OpNode {
  const waits = after.map((other) => `^${other}`);
  const all = [...inputs, ...waits];
  return { kind: "op", name, op, inputs: all, attributes, isPlain: true };
}
