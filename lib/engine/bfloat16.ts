import * as tf from "@tensorflow/tfjs";
import { unpackKernel } from "../tensor/bfloat16.ts";
import { apart } from "../tensor/launch.ts";
import type { NativeBackend } from "./graph/binding.ts";

/** TensorFlow's numbers of types, and of attributes that are one. */
const [FLOAT32, INT32, BFLOAT16, TYPE, BOOL] = [1, 3, 14, 4, 3];

const typed = (name: string, value: number) => ({ name, type: TYPE, value });

/** Gives engines the kernel that reads bfloat16 out of int32. */
export function registerBfloat16(): void {
  const kernels: Readonly<Record<string, tf.KernelFunc>> = {
    tensorflow: ({ backend, inputs }) =>
      unpackNatively(backend as unknown as NativeBackend, inputs.packed!),
    wasm: ({ inputs }) => unpackHere(inputs.packed!),
    cpu: ({ inputs }) => unpackHere(inputs.packed!),
  };
  for (const [backendName, kernelFunc] of Object.entries(kernels)) {
    if (tf.getKernel(unpackKernel, backendName)) continue;
    tf.registerKernel({ kernelName: unpackKernel, backendName, kernelFunc });
  }
}

const unpackedShape = ({ shape }: tf.TensorInfo) => [
  ...shape.slice(0, -1),
  2 * shape.at(-1)!,
];

/** Without a copy up to the last step, which makes the numbers float32. */
function unpackNatively(
  backend: NativeBackend,
  packed: tf.TensorInfo,
): tf.Tensor {
  const { binding } = backend;
  const made: number[] = [];
  const run = (
    op: string,
    attributes: Parameters<typeof binding.executeOp>[1],
    ids: readonly number[],
  ) => {
    const [output] = binding.executeOp(op, attributes, ids, 1);
    return output;
  };
  const wide = apart(() => {
    const sizes = Int32Array.from(unpackedShape(packed));
    const shape = binding.createTensor([sizes.length], INT32, sizes);
    const pairs = run(
      "Bitcast",
      [typed("T", INT32), typed("type", BFLOAT16)],
      backend.getInputTensorIds([packed]),
    );
    const reshaped = run(
      "Reshape",
      [typed("T", BFLOAT16), typed("Tshape", INT32)],
      [pairs.id, shape],
    );
    made.push(shape, pairs.id, reshaped.id);
    return reshaped;
  });
  const numbers = run(
    "Cast",
    [
      typed("SrcT", BFLOAT16),
      typed("DstT", FLOAT32),
      { name: "Truncate", type: BOOL, value: false },
    ],
    [wide.id],
  );
  for (const id of made) binding.deleteTensor(id);
  return backend.createOutputTensor(numbers);
}

/** In JavaScript, where the engine cannot. */
function unpackHere(packed: tf.TensorInfo): tf.TensorInfo {
  const values = tf.backend().readSync(packed.dataId) as Int32Array;
  const halves = new Uint16Array(
    values.buffer,
    values.byteOffset,
    2 * values.length,
  );
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i] << 16;
  return tf.tensor(
    new Float32Array(bits.buffer),
    unpackedShape(packed),
    "float32",
  );
}
