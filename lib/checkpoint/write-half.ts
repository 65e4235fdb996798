import { writeWholeFrom } from "../files/atomic.ts";
import { toHalf } from "../tensor/half.ts";
import { type Checkpoint, sizeOf } from "./safetensors.ts";
import { headerOf } from "./write-safetensors.ts";

/**
 * Writes a checkpoint's tensors, in the order of their names, as float16 to a
 * safetensors file: whole or not at all, one tensor at a time in memory.
 *
 * @param onTensor - is told how many of all have been written
 * @throws RangeError for a number that float16 can not hold
 */
export async function writeHalf(
  path: string,
  { name, read, tensors }: Pick<Checkpoint, "name" | "read" | "tensors">,
  {
    metadata,
    onTensor,
  }: {
    readonly metadata: Readonly<Record<string, string>>;
    readonly onTensor?: (done: number, all: number) => void;
  },
): Promise<void> {
  const names = [...tensors.keys()].sort();
  let end = 0;
  const entries = names.map((tensor) => {
    const { shape } = tensors.get(tensor)!;
    const from = end;
    end += 2 * sizeOf(shape);
    return [tensor, { dtype: "F16", shape, data_offsets: [from, end] }];
  });
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield headerOf({ __metadata__: metadata, ...Object.fromEntries(entries) });
    for (const [i, tensor] of names.entries()) {
      const { values } = await read(tensor);
      const floats =
        values instanceof Float32Array ? values : Float32Array.from(values);
      const halves = toHalf(floats, (at) => {
        throw new RangeError(
          `writeHalf: expected numbers within float16, got ${floats[at]} ` +
            `(number ${at} of tensor "${tensor}", ${name})`,
        );
      });
      yield new Uint8Array(halves.buffer);
      onTensor?.(i + 1, names.length);
    }
  }
  await writeWholeFrom(path, chunks());
}
