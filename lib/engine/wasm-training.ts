import * as tf from "@tensorflow/tfjs";

/** What the kernels here ask of tfjs's wasm backend. */
interface WasmBackend {
  readSync(dataId: object): Float32Array | Int32Array;
  makeOutput(shape: number[], dtype: tf.DataType): tf.TensorInfo;
  typedArrayFromHeap(info: tf.TensorInfo): Float32Array | Int32Array;
  disposeData(dataId: object): boolean;
}

const backendName = "wasm";

/**
 * Makes training work and fast on wasm with no change to model code.
 *
 * The matrix product with a transpose flag, which every gradient of a product
 * uses, is ten times slower there than without; and the gradient of `gather`
 * needs UnsortedSegmentSum, which is missing.
 */
export function prepareTraining(): void {
  const product = kernel(tf.BatchMatMul);
  tf.unregisterKernel(tf.BatchMatMul, backendName);
  tf.registerKernel({
    ...product,
    kernelFunc: (args) => productOfTransposed(product.kernelFunc, args),
  });
  if (!tf.getKernel(tf.UnsortedSegmentSum, backendName)) {
    tf.registerKernel({
      kernelName: tf.UnsortedSegmentSum,
      backendName,
      kernelFunc: segmentSum,
    });
  }
}

type KernelArguments = Parameters<tf.KernelFunc>[0];

/** The product with its flags replaced by transposes made beforehand. */
function productOfTransposed(
  product: tf.KernelFunc,
  { inputs, backend, attrs }: KernelArguments,
): tf.TensorInfo | tf.TensorInfo[] {
  const { transposeA, transposeB } = attrs as unknown as tf.BatchMatMulAttrs;
  const made: tf.TensorInfo[] = [];
  const plain = (x: tf.TensorInfo, isTransposed: boolean) => {
    if (!isTransposed) return x;
    const turned = transposeLast(x, backend);
    made.push(turned);
    return turned;
  };
  const a = plain(inputs.a!, transposeA);
  const b = plain(inputs.b!, transposeB);
  const out = product({
    inputs: { a, b },
    backend,
    attrs: { ...attrs, transposeA: false, transposeB: false },
  });
  for (const { dataId } of made) (backend as WasmBackend).disposeData(dataId);
  return out;
}

/** Swaps the last two axes. */
function transposeLast(x: tf.TensorInfo, backend: unknown): tf.TensorInfo {
  const rank = x.shape.length;
  const perm = x.shape.map((_, axis) => axis);
  perm[rank - 2] = rank - 1;
  perm[rank - 1] = rank - 2;
  const transpose = kernel(tf.Transpose).kernelFunc;
  return transpose({
    inputs: { x },
    backend: backend as WasmBackend,
    attrs: { perm },
  }) as tf.TensorInfo;
}

/** Adds up rows of x that have the same id; negative ids are left out. */
function segmentSum({
  inputs,
  backend,
  attrs,
}: KernelArguments): tf.TensorInfo {
  const wasm = backend as WasmBackend;
  const x = inputs.x!;
  const segmentIds = inputs.segmentIds!;
  const { numSegments } = attrs as unknown as tf.UnsortedSegmentSumAttrs;
  const ids = wasm.readSync(segmentIds.dataId);
  const rows = wasm.readSync(x.dataId);
  const width = tf.util.sizeFromShape(x.shape.slice(1));

  const out = wasm.makeOutput([numSegments, ...x.shape.slice(1)], x.dtype);
  const sums = wasm.typedArrayFromHeap(out).fill(0);
  ids.forEach((id, row) => {
    if (id < 0 || id >= numSegments) return;
    for (let i = 0; i < width; i++)
      sums[id * width + i] += rows[row * width + i];
  });
  return out;
}

function kernel(name: string): tf.KernelConfig {
  const found = tf.getKernel(name, backendName);
  if (found) return found;
  throw new Error(`useEngine: expected wasm to have ${name}, got none`);
}
