import * as tf from "@tensorflow/tfjs";
import { apart, together } from "./launch.ts";

/** The kernel that an engine gives: `packed` of [..., E], to [..., 2 E]. */
export const unpackKernel = "UnpackBfloat16";

/**
 * Columns that one product reads. From 4096 on, XLA writes the numbers out as
 * float32 before it multiplies, and takes four times as long.
 */
const widest = 3072;

/**
 * A matrix of bfloat16, two in an int32, for reading alone: half the bytes.
 *
 * Of weight_DX it holds packed_GXE, as many groups G of 2 E inputs as make up
 * D, each output's inputs side by side. Products with it sum in float32, so
 * that numbers which are bfloat16 already, as published ones are, lose nothing.
 * A gradient passes through it to what it multiplies.
 *
 * @param rows_XD - output by input, as files have it
 * @returns stands wherever weight_DX may
 * @throws RangeError for an odd number of inputs
 */
export function packBfloat16(
  rows_XD: Float32Array,
  [X, D]: readonly [number, number],
): tf.Tensor2D {
  const G = groupsOf(D);
  const E = D / G / 2;
  const halves = new Uint16Array(X * D);
  const bits = new Uint32Array(
    rows_XD.buffer,
    rows_XD.byteOffset,
    rows_XD.length,
  );
  for (let x = 0, from = 0; x < X; x++) {
    for (let g = 0; g < G; g++) {
      const to = (g * X + x) * 2 * E;
      for (let e = 0; e < 2 * E; e++) halves[to + e] = rounded(bits[from++]);
    }
  }
  // Reshaped, so that the engine takes its copy now and this one can go.
  return tf.tidy(() =>
    tf
      .tensor1d(new Int32Array(halves.buffer), "int32")
      .reshape<tf.Tensor>([G, X, E]),
  ) as tf.Tensor2D;
}

/** The upper half of a float32, to the nearest, ties to even. */
function rounded(bits: number): number {
  const isNan = (bits & 0x7fffffff) > 0x7f800000;
  if (isNan) return (bits >>> 16) | 0x40;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

function groupsOf(D: number): number {
  if (D < 2 || D % 2 !== 0) {
    throw new RangeError(
      `packBfloat16: expected an even number of inputs, got ${D}`,
    );
  }
  let G = Math.ceil(D / widest);
  while (D % (2 * G) !== 0) G++;
  return G;
}

/** Whether a matrix of weights is packed. */
export function isPacked(weight: tf.Tensor): boolean {
  return weight.dtype === "int32" && weight.rank === 3;
}

/** The numbers of a packed tensor's last axis, in float32. */
function unpackBfloat16(packed: tf.Tensor): tf.Tensor {
  const backend = tf.getBackend();
  if (tf.getKernel(unpackKernel, backend)) {
    return tf.engine().runKernel(unpackKernel, { packed }) as tf.Tensor;
  }
  throw new Error(
    `unpackBfloat16: expected an engine that reads bfloat16, got ${backend}; ` +
      'use "tensorflow" or "wasm", or weights in float32',
  );
}

/** weight_DX itself, in float32. */
export function unpacked(weight_DX: tf.Tensor2D): tf.Tensor2D {
  if (!isPacked(weight_DX)) return weight_DX;
  return tf.tidy(() => byOutput(weight_DX).transpose() as tf.Tensor2D);
}

/** The weights in float32, output by input. */
function byOutput(packed: tf.Tensor): tf.Tensor2D {
  const [G, X, E] = packed.shape;
  return unpackBfloat16(packed)
    .transpose([1, 0, 2])
    .reshape([X, G * 2 * E]);
}

/** Rows of a packed table of V rows, as `tf.gather` gives those of table_VD. */
export function gatherPacked(
  table: tf.Tensor2D,
  at_BT: tf.Tensor2D,
): tf.Tensor3D {
  return tf.tidy(() => {
    const [G, , E] = table.shape as unknown as [number, number, number];
    const picked: tf.Tensor = tf.gather(table as tf.Tensor, at_BT, 1);
    return unpackBfloat16(picked)
      .transpose([1, 2, 0, 3])
      .reshape<tf.Tensor3D>([...at_BT.shape, G * 2 * E]);
  });
}

/** x_RD times a packed weight_DX. */
export function productOfPacked(
  x_RD: tf.Tensor2D,
  packed: tf.Tensor,
): tf.Tensor2D {
  const [, D] = x_RD.shape;
  const [G, , E] = packed.shape;
  if (D !== G * 2 * E) {
    throw new RangeError(
      `linear: expected ${G * 2 * E} inputs for packed weights ` +
        `[${packed.shape}], got ${D}`,
    );
  }
  const run = tf.customGrad((input, weight) => ({
    value: sumOfGroups(input as tf.Tensor2D, weight as tf.Tensor),
    gradFunc: (dy_RX: tf.Tensor) => [
      (dy_RX as tf.Tensor2D).matMul(byOutput(packed)),
      tf.zerosLike(packed),
    ],
  }));
  return run(x_RD, packed) as tf.Tensor2D;
}

function sumOfGroups(x_RD: tf.Tensor2D, packed: tf.Tensor): tf.Tensor2D {
  const [G, X, E] = packed.shape;
  const inputs: tf.Tensor2D[] = G === 1 ? [x_RD] : tf.split(x_RD, G, 1);
  const weights = G === 1 ? [packed] : tf.split(packed, G, 0);
  return inputs
    .map((input, g) => {
      const matrix = apart(() => weights[g].reshape([X, E]));
      // The numbers in float32 live no longer than their product.
      return tf.tidy(() =>
        together(() =>
          tf.matMul(input, unpackBfloat16(matrix) as tf.Tensor2D, false, true),
        ),
      );
    })
    .reduce((sum, part) => sum.add(part)) as tf.Tensor2D;
}
