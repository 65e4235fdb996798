import * as proto from "../../files/proto.ts";
import type { GraphNode } from "./graph.ts";
import { withCalls } from "./launched.ts";
import { nodeDef } from "./node-def.ts";

/** GraphDef version of TensorFlow 2.9, which later ones read. */
const PRODUCER = 1087;

/**
 * A graph as the bytes of a `saved_model.pb`: tag `serve`, no variables.
 *
 * Field numbers are those of TensorFlow's saved_model.proto, meta_graph.proto,
 * graph.proto, node_def.proto, attr_value.proto and tensor.proto.
 *
 * @param xla - let XLA cluster and compile the graph's operations
 */
export function savedModel(
  nodes: readonly GraphNode[],
  { xla }: { readonly xla: boolean },
): Uint8Array {
  // Where XLA compiles the graph, what is launched is in it.
  const { functions, nodes: called } = xla
    ? { functions: [], nodes }
    : withCalls(nodes);
  const graph = [
    ...called.map((node) => proto.message(1, nodeDef(node, xla))),
    ...(functions.length > 0 ? [library(functions)] : []),
    proto.message(4, [proto.integer(1, PRODUCER)]),
  ];
  const metaInfo = [proto.text(4, "serve")];
  const metaGraph = [proto.message(1, metaInfo), proto.message(2, graph)];
  return Buffer.concat([
    proto.integer(1, 1), // schema version
    proto.message(2, metaGraph),
  ]);
}

/** The graph's functions, as field of a GraphDef. */
function library(functions: readonly (readonly Uint8Array[])[]): Uint8Array {
  return proto.message(
    2,
    functions.map((fields) => proto.message(1, fields)),
  );
}
