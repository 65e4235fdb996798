import type { HostValues, OpAttribute, TensorMetadata } from "./binding.ts";

/** One node of a recorded graph; `inputs` are names such as `n12` or `n7:1`. */
export type GraphNode =
  | {
      readonly kind: "input";
      readonly name: string;
      readonly dtype: number;
      readonly shape: readonly number[];
    }
  | {
      readonly kind: "constant";
      readonly name: string;
      readonly dtype: number;
      readonly shape: readonly number[];
      readonly content: Uint8Array;
    }
  | {
      readonly kind: "op";
      readonly name: string;
      readonly op: string;
      readonly inputs: readonly string[];
      readonly attributes: readonly OpAttribute[];
      /** Where it must run; TensorFlow's choice if left out. */
      readonly device?: string;
      /** Whether XLA compiles it, though not the whole graph. */
      readonly isFused?: boolean;
      /** Types of what it gives; of what is recorded alone. */
      readonly types?: readonly number[];
      /** What XLA compiles it with, as one function. */
      readonly region?: number;
      /** Whether XLA leaves it alone, though it compiles the graph. */
      readonly isPlain?: boolean;
    };

/** A value of the graph: where it comes from, and if inputs can change it. */
export interface GraphValue {
  readonly name: string;
  readonly dtype: number;
  readonly shape: readonly number[];
  readonly varies: boolean;
}

/** The binding's number for an attribute that is a type. */
const TYPE_ATTRIBUTE = 4;
/** Constants up to this size are kept once: axes, shapes, scalars. */
const SMALL = 64; // bytes

/** Collects nodes as the step runs; knows tensors by the binding's ids. */
export class Graph {
  readonly nodes: GraphNode[] = [];
  readonly inputNames: string[] = [];
  readonly outputNames: string[] = [];
  private readonly values = new Map<number, GraphValue>();
  private readonly constants = new Map<string, GraphValue>();

  find(id: number): GraphValue | undefined {
    return this.values.get(id);
  }

  addInput(id: number, dtype: number, shape: readonly number[]): void {
    const name = `in${this.inputNames.length}`;
    this.inputNames.push(name);
    this.nodes.push({ kind: "input", name, dtype, shape });
    this.values.set(id, { name, dtype, shape, varies: true });
  }

  addConstant(
    id: number,
    {
      dtype,
      shape,
      values,
    }: { dtype: number; shape: readonly number[] } & {
      values: HostValues;
    },
  ): void {
    // A copy: the caller may write into its array later.
    const content = Uint8Array.from(
      new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    );
    const key =
      content.byteLength <= SMALL ? `${dtype}[${shape}]${content}` : undefined;
    const known = key === undefined ? undefined : this.constants.get(key);
    const value = known ?? {
      ...{ name: this.freeName(), dtype, shape, varies: false },
    };
    if (!known) {
      const { name } = value;
      this.nodes.push({ kind: "constant", name, dtype, shape, content });
      if (key !== undefined) this.constants.set(key, value);
    }
    this.values.set(id, value);
  }

  addOp(
    {
      after,
      op,
      attributes,
      device,
      isFused,
      region,
    }: {
      readonly op: string;
      readonly attributes: readonly OpAttribute[];
      /** What must be there before it runs; XLA then leaves it alone. */
      readonly after?: GraphValue;
      readonly device?: string;
      readonly isFused?: boolean;
      readonly region?: number;
    },
    inputs: readonly GraphValue[],
    outputs: readonly TensorMetadata[],
  ): void {
    const name = this.freeName();
    this.nodes.push({
      kind: "op",
      name,
      op,
      inputs: [
        ...inputs.map((input) => input.name),
        ...(after ? [`^${after.name}`] : []),
      ],
      attributes: complete(op, attributes, inputs),
      device,
      types: outputs.map(({ dtype }) => dtype),
      isFused,
      isPlain: after !== undefined,
      region,
    });
    const varies = inputs.some((input) => input.varies);
    outputs.forEach(({ id, dtype, shape }, index) => {
      const port = index === 0 ? name : `${name}:${index}`;
      this.values.set(id, { name: port, dtype, shape, varies });
    });
  }

  addOutput(value: GraphValue): void {
    const name = `out${this.outputNames.length}`;
    const attributes = [
      { name: "T", type: TYPE_ATTRIBUTE, value: value.dtype },
    ];
    this.outputNames.push(name);
    this.nodes.push({
      kind: "op",
      name,
      op: "Identity",
      inputs: [value.name],
      attributes,
    });
  }

  private freeName(): string {
    return `n${this.nodes.length}`;
  }
}

/**
 * The attributes with the one that TensorFlow infers when it runs eagerly.
 *
 * Of tfjs-node's kernels only ExpandDims leaves out one without a default.
 */
function complete(
  op: string,
  attributes: readonly OpAttribute[],
  inputs: readonly GraphValue[],
): readonly OpAttribute[] {
  if (op !== "ExpandDims") return attributes;
  const [{ dtype }] = inputs;
  return [...attributes, { name: "T", type: TYPE_ATTRIBUTE, value: dtype }];
}
