import * as tf from "@tensorflow/tfjs";
import { random } from "../tensor/random.ts";
import { isRecording } from "./graph/record.ts";

const backendName = "tensorflow";

/**
 * Puts right what tfjs-node's kernels get silently wrong on this TensorFlow, as
 * tfjs's own specs and a comparison with its plain backend found them.
 *
 * - `round` of whole numbers gave zeros.
 * - `multinomial` with a seed drew other numbers at each call.
 * - `prelu` of infinite numbers gave none.
 */
export function mendKernels(): void {
  const { Multinomial, Prelu, Round } = tf;
  replace(Round, (plain) => (args) => {
    const x = args.inputs.x as tf.Tensor;
    return x.dtype === "int32" ? tf.clone(x) : plain(args);
  });
  replace(Multinomial, (plain) => (args) => {
    const { numSamples, seed } = args.attrs as unknown as tf.MultinomialAttrs;
    const { logits } = args.inputs as { logits: tf.Tensor2D };
    // Without a seed, tfjs gives a fraction that TensorFlow takes for none. A
    // step that is recorded refuses TensorFlow's own.
    if (!Number.isInteger(seed) || isRecording()) return plain(args);
    return tf.tidy(() => draw(tf.softmax(logits), numSamples, seed));
  });
  replace(Prelu, () => ({ inputs }) => {
    const { alpha, x } = inputs as Record<"alpha" | "x", tf.Tensor>;
    return tf.tidy(() => tf.where(x.greater(0), x, x.mul(alpha)));
  });
}

function replace(
  kernelName: string,
  change: (plain: tf.KernelFunc) => tf.KernelFunc,
): void {
  const config = tf.getKernel(kernelName, backendName);
  tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel({ ...config, kernelFunc: change(config.kernelFunc) });
}

/** Draws from each row by its own chance: the sum that a number falls into. */
function draw(
  chances_BX: tf.Tensor2D,
  numSamples: number,
  seed: number,
): tf.Tensor2D {
  const [B, X] = chances_BX.shape;
  const chances = chances_BX.dataSync();
  const drawn = Array.from({ length: B }, (_, b) => {
    const chance = random("multinomial", seed, b);
    return Array.from({ length: numSamples }, () => {
      let left = chance.uniform();
      for (let x = 0; x < X - 1; x++) {
        left -= chances[b * X + x];
        if (left < 0) return x;
      }
      return X - 1;
    });
  });
  return tf.tensor2d(drawn, [B, numSamples], "int32");
}
