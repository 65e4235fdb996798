import type { OpAttribute } from "./binding.ts";
import type { GraphNode } from "./graph.ts";
import * as proto from "./proto.ts";

type OpNode = Extract<GraphNode, { kind: "op" }>;

/** Operations that can be launched, by the name of their one output. */
const outputNames: Readonly<Record<string, string>> = {
  BatchMatMulV2: "output",
};

let depth = 0;

/**
 * Runs `make`; where it is recorded, XLA compiles each of its matrix products,
 * once for each shape and not once for each product.
 *
 * For products of one row, which are a pass over the weights. TensorFlow's own
 * takes two to three times as long there when it computes by oneDNN. Where XLA
 * compiles the whole graph, and on a GPU, nothing changes.
 */
export function launched<T>(make: () => T): T {
  depth++;
  try {
    return make();
  } finally {
    depth--;
  }
}

/** Whether an operation that is recorded now is to be launched. */
export function isLaunched(op: string): boolean {
  return depth > 0 && op in outputNames;
}

/** The node as a call of `functionOf` the same node. */
export function launch(node: OpNode): OpNode {
  const type = typeOf(node);
  const types = node.inputs.map(() => type);
  return {
    kind: "op",
    name: node.name,
    op: "StatefulPartitionedCall",
    inputs: node.inputs,
    attributes: [
      { name: "Tin", type: 4, value: types },
      { name: "Tout", type: 4, value: [type] },
      { name: "f", type: FUNCTION, value: functionName(node) },
      { name: "_XlaMustCompile", type: 3, value: true },
    ],
  };
}

/** Kind of an attribute that names a function; the binding has none. */
export const FUNCTION = 100;

/** XLA keeps what it has compiled by this name and the inputs' shapes. */
export function functionName({ attributes, op }: OpNode): string {
  return [op, ...attributes.map(({ value }) => Number(value))].join("_");
}

/**
 * A function of this one operation, as fields of a FunctionDef.
 *
 * Field numbers are those of function.proto and op_def.proto.
 *
 * @param attributes - the operation's, as fields of a NodeDef
 */
export function functionOf(
  node: OpNode,
  attributes: readonly Uint8Array[],
): Uint8Array[] {
  const type = proto.integer(3, typeOf(node));
  const inputs = node.inputs.map((_, i) => `x${i}`);
  const signature = [
    proto.text(1, functionName(node)),
    ...inputs.map((name) => proto.message(2, [proto.text(1, name), type])),
    proto.message(3, [proto.text(1, "y"), type]),
  ];
  const operation = [
    proto.text(1, "run"),
    proto.text(2, node.op),
    ...inputs.map((name) => proto.text(3, name)),
    ...attributes,
  ];
  const result = `run:${outputNames[node.op]}:0`;
  return [
    proto.message(1, signature),
    proto.message(3, operation),
    proto.message(4, [proto.text(1, "y"), proto.text(2, result)]),
  ];
}

function typeOf({ attributes }: OpNode): number {
  const { value } = attributes.find(({ name }) => name === "T") as OpAttribute;
  return value as number;
}
