import * as proto from "../../files/proto.ts";
import type { OpAttribute } from "./binding.ts";
import type { GraphNode } from "./graph.ts";

/** Kind of an attribute that names a function; the binding has none. */
export const FUNCTION = 100;

/** A node as fields of a NodeDef. */
export function nodeDef(node: GraphNode, xla: boolean): Uint8Array[] {
  const { name } = node;
  if (node.kind === "input") {
    return [
      proto.text(1, name),
      proto.text(2, "Placeholder"),
      proto.entry(5, "dtype", [proto.integer(6, node.dtype)]),
      proto.entry(5, "shape", [proto.message(7, shape(node.shape))]),
    ];
  }
  if (node.kind === "constant") {
    const tensor = [
      proto.integer(1, node.dtype),
      proto.message(2, shape(node.shape)),
      proto.bytes(4, node.content),
    ];
    return [
      proto.text(1, name),
      proto.text(2, "Const"),
      proto.entry(5, "dtype", [proto.integer(6, node.dtype)]),
      proto.entry(5, "value", [proto.message(8, tensor)]),
    ];
  }
  return [
    proto.text(1, name),
    proto.text(2, node.op),
    ...node.inputs.map((input) => proto.text(3, input)),
    ...(node.device === undefined ? [] : [proto.text(4, node.device)]),
    ...node.attributes.map(attributeEntry),
    // What TensorFlow's own jit scope writes: cluster me, whatever the flags.
    ...((xla && !node.isPlain) || node.isFused
      ? [proto.entry(5, "_XlaCompile", [proto.integer(5, true)])]
      : []),
  ];
}

function attributeEntry(attribute: OpAttribute): Uint8Array {
  return proto.entry(5, attribute.name, [attributeValue(attribute)]);
}

function shape(sizes: readonly number[]): Uint8Array[] {
  return sizes.map((size) => proto.message(2, [proto.integer(1, size)]));
}

function attributeValue({ name, type, value }: OpAttribute): Uint8Array {
  const one = scalarAttribute[type];
  const many = listAttribute[type];
  if (one && !Array.isArray(value)) return one(value as never);
  if (many && Array.isArray(value)) {
    return proto.message(1, [many(value as never)]);
  }
  if (type === FUNCTION) {
    return proto.message(10, [proto.text(1, value as string)]);
  }
  if (type === 5) {
    const sizes = value as number[] | "unknown";
    const unknownRank = [proto.integer(3, true)];
    return proto.message(7, sizes === "unknown" ? unknownRank : shape(sizes));
  }
  throw new Error(
    `compile: expected attribute ${name} of a known kind, got kind ${type} ` +
      "(internal: the native binding has a kind the recorder does not)",
  );
}

/** By the binding's number of the kind; fields of AttrValue. */
const scalarAttribute: Record<number, (value: never) => Uint8Array> = {
  0: (value: string) => proto.text(2, value),
  1: (value: number) => proto.integer(3, value),
  2: (value: number) => proto.float(4, value),
  3: (value: boolean) => proto.integer(5, value),
  4: (value: number) => proto.integer(6, value),
};

/** The same for lists; fields of AttrValue.ListValue. */
const listAttribute: Record<number, (values: never) => Uint8Array> = {
  1: (values: number[]) => proto.integers(3, values),
  2: (values: number[]) => proto.floats(4, values),
  3: (values: boolean[]) => proto.integers(5, values.map(Number)),
  4: (values: number[]) => proto.integers(6, values),
};
