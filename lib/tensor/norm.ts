import type * as tf from "@tensorflow/tfjs";
import { rmsNorm } from "./layers.ts";
import { isWanted, type Tap } from "./tap.ts";

/** RMSNorm with its two steps open to a tap, as `<name>.hook_scale` and so on. */
export function tappedRmsNorm(
  x: tf.Tensor3D,
  scale_D: tf.Tensor1D,
  {
    epsilon,
    name,
    tap,
  }: { readonly epsilon: number; readonly name: string; readonly tap: Tap },
): tf.Tensor3D {
  const [scale, normalized] = [`${name}.hook_scale`, `${name}.hook_normalized`];
  if (!isWanted(tap, scale) && !isWanted(tap, normalized)) {
    return rmsNorm(x, scale_D, epsilon);
  }
  const size = x.square().mean(-1, true).add(epsilon).sqrt();
  return tap(normalized, x.div(tap(scale, size))).mul(scale_D);
}
