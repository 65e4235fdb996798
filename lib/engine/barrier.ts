import * as tf from "@tensorflow/tfjs";
import { barrierKernel } from "../tensor/recompute.ts";
import { behind } from "./graph/behind.ts";
import { type NativeBackend, typeNumbers } from "./graph/binding.ts";

/** The binding's numbers for attributes that are a type or a shape. */
const [TYPE, SHAPE] = [4, 5];

/** Gives TensorFlow, whose graphs need it, the kernel of a barrier. */
export function registerBarrier(): void {
  const backendName = "tensorflow";
  if (tf.getKernel(barrierKernel, backendName)) return;
  tf.registerKernel({
    kernelName: barrierKernel,
    backendName,
    kernelFunc: ({ backend, inputs }) => {
      const native = backend as unknown as NativeBackend;
      const [late, ...rest] = Object.values(inputs) as tf.TensorInfo[];
      const [gate] = pass(native, [late]);
      const [id] = native.getInputTensorIds([gate]);
      return [gate, ...behind(id, () => pass(native, rest))];
    },
  });
}

/**
 * The same tensors through an operation that copies nothing and, other than
 * Identity, stays where it stands: what TensorFlow's optimizers know to be idle
 * they take away, and then join what stands on both sides.
 */
function pass(
  native: NativeBackend,
  tensors: readonly tf.TensorInfo[],
): tf.Tensor[] {
  const ids = native.getInputTensorIds(tensors);
  return tensors.map(({ dtype, shape }, i) => {
    const attributes = [
      { name: "T", type: TYPE, value: typeNumbers[dtype] },
      { name: "shape", type: SHAPE, value: shape },
    ];
    const [made] = native.binding.executeOp(
      "EnsureShape",
      attributes,
      [ids[i]],
      1,
    );
    return native.createOutputTensor(made);
  });
}
