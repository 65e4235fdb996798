import { isDtype, pieceBytes, readNumbers } from "../numbers.ts";
import { type Checkpoint, sizeOf, unknownTensor } from "../safetensors.ts";
import { readBytes, type Source } from "../source.ts";
import { dequantizers } from "./dequantize.ts";
import { type GgufTensor, readGgufHeader } from "./header.ts";

/**
 * Opens a GGUF file, llama.cpp's format: a header with the model's sizes and
 * its tokenizer, and tensors, most of them in few bits.
 *
 * Names are the file's own, shapes have rows first. Q4_1 and Q8_0 are read as
 * the float32 that they stand for; a tensor of another quantised type is listed
 * and refused when it is read.
 */
export async function openGguf(source: Source): Promise<Checkpoint> {
  const { start, tensors, values: header } = await readGgufHeader(source);
  return {
    name: source.name,
    header,
    tensors: new Map(
      [...tensors].map(([name, { shape, type }]) => [
        name,
        { shape, dtype: type.name },
      ]),
    ),
    close: source.close,
    read: async (name) => {
      const tensor = tensors.get(name);
      if (!tensor) throw unknownTensor("openGguf", name, source.name);
      const { from, shape, type } = tensor;
      const at = start + from;
      if (isDtype(type.name)) {
        const count = sizeOf(shape);
        const place = { dtype: type.name, at, count };
        return { shape, values: await readNumbers(source, place) };
      }
      const values = await readBlocks(source, at, { name, tensor });
      return { shape, values };
    },
  };
}

async function readBlocks(
  source: Source,
  at: number,
  { name, tensor }: { readonly name: string; readonly tensor: GgufTensor },
): Promise<Float32Array> {
  const { shape, type } = tensor;
  const dequantize = Object.hasOwn(dequantizers, type.name)
    ? dequantizers[type.name]
    : undefined;
  if (!dequantize) {
    const known = Object.keys(dequantizers).join(", ");
    throw new RangeError(
      `openGguf: expected numbers as F32, F16, BF16, ${known}, ` +
        `got ${type.name}, which is not read here ` +
        `(tensor "${name}", ${source.name})`,
    );
  }
  const count = sizeOf(shape);
  const out = new Float32Array(count);
  const step = Math.floor(pieceBytes / type.bytes);
  for (let done = 0; done < count / type.block; done += step) {
    const blocks = Math.min(step, count / type.block - done);
    const from = at + done * type.bytes;
    const piece = await readBytes(source, from, blocks * type.bytes);
    dequantize(piece, out, done * type.block);
  }
  return out;
}
