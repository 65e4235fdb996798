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

/** Whether a gradient is being taken. */
export function isInGradient(): boolean {
  return tf.engine().state.gradientDepth > 0;
}
