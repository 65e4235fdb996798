import { createHash } from "node:crypto";
import * as proto from "../../files/proto.ts";
import type { GraphNode } from "./graph.ts";
import { FUNCTION, nodeDef } from "./node-def.ts";

type OpNode = Extract<GraphNode, { kind: "op" }>;

/** A value that enters or leaves a region. */
interface Port {
  readonly name: string;
  readonly dtype: number;
}

/** What XLA compiles as one. */
interface Region {
  /** In order, and before them the constants that they read. */
  readonly body: readonly GraphNode[];
  readonly takes: readonly Port[];
  readonly gives: readonly Port[];
}

/** What op_def calls the output of operations that can be launched. */
const outputNames: Readonly<Record<string, string>> = {
  BatchMatMulV2: "output",
  Cast: "y",
  Const: "output",
  Reshape: "output",
};

/**
 * The graph with each region as a call of a function that XLA compiles.
 *
 * Regions that do the same share a function, which is compiled once for each
 * shape of what it takes.
 */
export function withCalls(nodes: readonly GraphNode[]): {
  readonly nodes: readonly GraphNode[];
  /** FunctionDefs, as fields. */
  readonly functions: readonly (readonly Uint8Array[])[];
} {
  const functions = new Map<string, readonly Uint8Array[]>();
  const calls = new Map<OpNode, OpNode>();
  const renamed = new Map<string, string>();
  for (const ops of regionsOf(nodes)) {
    const region = closed(ops, nodes);
    const text = Buffer.concat(functionOf("", region));
    const name = `launched_${createHash("sha1").update(text).digest("hex")}`;
    functions.set(name, functionOf(name, region));
    const call = callOf(region, { called: name, name: `call_${ops[0].name}` });
    calls.set(ops.at(-1)!, call);
    region.gives.forEach((given, i) => {
      renamed.set(given.name, i === 0 ? call.name : `${call.name}:${i}`);
    });
  }
  const placed = nodes.flatMap((node): GraphNode[] =>
    node.kind === "op" && node.region !== undefined
      ? [calls.get(node) ?? []].flat()
      : [node],
  );
  return {
    functions: [...functions.values()],
    nodes: placed.map((node) =>
      node.kind === "op"
        ? { ...node, inputs: node.inputs.map((at) => renamed.get(at) ?? at) }
        : node,
    ),
  };
}

function regionsOf(nodes: readonly GraphNode[]): OpNode[][] {
  const regions = new Map<number, OpNode[]>();
  for (const node of nodes) {
    if (node.kind !== "op" || node.region === undefined) continue;
    const ops = regions.get(node.region);
    if (ops) ops.push(node);
    else regions.set(node.region, [node]);
  }
  return [...regions.values()];
}

/** The region of some operations: all that they take, all that others read. */
function closed(ops: readonly OpNode[], nodes: readonly GraphNode[]): Region {
  const own = new Set(ops.map(({ name }) => name));
  const read = new Set(ops.flatMap(({ inputs }) => inputs.map(nodeName)));
  const outside = nodes.filter(({ name }) => !own.has(name));
  const constants = outside.filter(
    ({ kind, name }) => kind === "constant" && read.has(name),
  );
  const known = new Set([...own, ...constants.map(({ name }) => name)]);
  const taken = ops.flatMap(({ inputs }) => inputs);
  const asked = new Set(
    outside.flatMap((node) => (node.kind === "op" ? node.inputs : [])),
  );
  const taking = new Set(taken.filter((port) => !known.has(nodeName(port))));
  const ports = new Map(
    outside.flatMap(portsOf).map((port) => [port.name, port]),
  );
  return {
    body: [...constants, ...ops],
    // In the order of use, so that equal regions take equal things.
    takes: [...taking].map((name) => ports.get(name)!),
    gives: ops.flatMap(portsOf).filter(({ name }) => asked.has(name)),
  };
}

const nodeName = (port: string) => port.split(":")[0];

function portsOf(node: GraphNode): Port[] {
  if (node.kind !== "op") return [{ name: node.name, dtype: node.dtype }];
  return (node.types ?? []).map((dtype, i) => ({
    name: i === 0 ? node.name : `${node.name}:${i}`,
    dtype,
  }));
}

function callOf(
  { gives, takes }: Region,
  { called, name }: { readonly called: string; readonly name: string },
): OpNode {
  const types = (ports: readonly Port[]) => ports.map(({ dtype }) => dtype);
  return {
    kind: "op",
    name,
    op: "StatefulPartitionedCall",
    inputs: takes.map((port) => port.name),
    attributes: [
      { name: "Tin", type: 4, value: types(takes) },
      { name: "Tout", type: 4, value: types(gives) },
      { name: "f", type: FUNCTION, value: called },
      { name: "_XlaMustCompile", type: 3, value: true },
    ],
  };
}

/**
 * A region as fields of a FunctionDef; the names inside are its own, so that
 * equal regions have equal functions.
 *
 * Field numbers are those of function.proto and op_def.proto.
 */
function functionOf(name: string, { body, gives, takes }: Region) {
  const inside = new Map(takes.map((port, i) => [port.name, `x${i}`]));
  const nodes = body.map((node, i) => {
    const inputs = node.kind === "op" ? node.inputs : [];
    const named = {
      ...node,
      name: `n${i}`,
      inputs: inputs.map((port) => inside.get(port)!),
    };
    inside.set(node.name, `n${i}:${outputOf(node)}:0`);
    return proto.message(3, nodeDef(named, false));
  });
  const argument = (field: number, name: string, { dtype }: Port) =>
    proto.message(field, [proto.text(1, name), proto.integer(3, dtype)]);
  const signature = [
    proto.text(1, name),
    ...takes.map((port, i) => argument(2, `x${i}`, port)),
    ...gives.map((port, i) => argument(3, `y${i}`, port)),
  ];
  const results = gives.map((port, i) =>
    proto.message(4, [
      proto.text(1, `y${i}`),
      proto.text(2, inside.get(port.name)!),
    ]),
  );
  return [proto.message(1, signature), ...nodes, ...results];
}

function outputOf(node: GraphNode): string {
  const op = node.kind === "op" ? node.op : "Const";
  const output = outputNames[op];
  if (output !== undefined) return output;
  throw new Error(
    `compile: expected ${Object.keys(outputNames).join(", ")} together, ` +
      `got ${op}; make it apart`,
  );
}
