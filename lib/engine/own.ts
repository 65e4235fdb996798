import * as tf from "@tensorflow/tfjs";
import { leafPaths, rebuild } from "./graph/tree.ts";

/** Runs and gives each output a tensor of its own, also one passed through. */
export function own<O extends object>(run: () => O): O {
  return tf.tidy(() => {
    const output = run();
    const found = leafPaths("compile", "output", output);
    const clones = found.map(({ tensor }) => tensor.clone());
    return rebuild(output, clones) as O & tf.TensorContainer;
  });
}

/**
 * Whether a gradient is being taken of what runs now. Inside a function with a
 * gradient of its own it is not.
 */
export function isInGradient(): boolean {
  const { gradientDepth, kernelDepth } = tf.engine().state;
  return gradientDepth > 0 && kernelDepth === 0;
}
