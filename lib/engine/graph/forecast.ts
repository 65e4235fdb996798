import {
  type Binding,
  type HostValues,
  type OpAttribute,
  type TensorMetadata,
  typeNumbers,
} from "./binding.ts";

/** An operation's input: a tensor that is there, or one that is only told. */
export type Operand =
  | { readonly name: string; readonly id: number }
  | { readonly name?: undefined; readonly told: Told };

/** A tensor without its numbers. */
export type Told = Omit<TensorMetadata, "id">;

/** What an operation gives, without its numbers. */
export type Forecast = (
  op: string,
  attributes: readonly OpAttribute[],
  operands: readonly Operand[],
  nOutputs: number,
) => readonly Told[];

/**
 * Tells types and shapes of what operations give.
 *
 * Each kind of operation is run once, on zeros: TensorFlow knows its own
 * shapes, and thirty equal layers cost as much as one. Of a model's step this
 * takes a small part of the time and next to none of the memory that computing
 * it would.
 */
export function openForecast(binding: Binding): Forecast {
  const known = new Map<string, readonly Told[]>();
  const zeros = zerosOf(binding);
  return (op, attributes, operands, nOutputs) => {
    const key = JSON.stringify([op, attributes, operands.map(kindOf)]);
    const before = known.get(key);
    if (before) return before;
    const made: number[] = [];
    try {
      const ids = operands.map((operand) => {
        if (operand.name !== undefined) return operand.id;
        const id = zeros(operand.told);
        made.push(id);
        return id;
      });
      const outputs = binding.executeOp(op, attributes, ids, nOutputs);
      made.push(...outputs.map(({ id }) => id));
      const told = outputs.map(({ dtype, shape }) => ({ dtype, shape }));
      known.set(key, told);
      return told;
    } finally {
      for (const id of made) binding.deleteTensor(id);
    }
  };
}

/** A constant by its name, which stands for its numbers, such as sizes. */
const kindOf = (operand: Operand) => operand.name ?? operand.told;

/** Zeros of any type and shape, over memory that nobody writes to. */
function zerosOf(binding: Binding): (told: Told) => number {
  let memory = new ArrayBuffer(0);
  const views: Readonly<Record<number, (length: number) => HostValues>> = {
    [typeNumbers.float32]: (length) => new Float32Array(memory, 0, length),
    [typeNumbers.int32]: (length) => new Int32Array(memory, 0, length),
    [typeNumbers.bool]: (length) => new Uint8Array(memory, 0, length),
  };
  const host = (dtype: number, shape: number[]) => {
    const length = shape.reduce((size, axis) => size * axis, 1);
    if (4 * length > memory.byteLength) memory = new ArrayBuffer(4 * length);
    return binding.createTensor(shape, dtype, views[dtype](length));
  };
  return ({ dtype, shape }) => {
    if (dtype in views) return host(dtype, shape);
    const id = host(typeNumbers.float32, shape);
    const attribute = (name: string, type: number, value: unknown) => ({
      ...{ name, type, value },
    });
    const attributes = [
      attribute("SrcT", 4, typeNumbers.float32),
      attribute("DstT", 4, dtype),
      attribute("Truncate", 3, false),
    ];
    const [cast] = binding.executeOp("Cast", attributes, [id], 1);
    binding.deleteTensor(id);
    return cast.id;
  };
}
