import type * as tf from "@tensorflow/tfjs";
import { rmsNorm } from "./layers.ts";
import { type Hook, isWanted, type Tap } from "./tap.ts";

const steps = { scale: "hook_scale", normalized: "hook_normalized" } as const;

/** What `tappedRmsNorm` shows of a tensor with axes like "BMD". */
export function normHooks(name: string, axes: string): Hook[] {
  return [
    { name: `${name}.${steps.scale}`, axes: `${axes.slice(0, -1)}1` },
    { name: `${name}.${steps.normalized}`, axes },
  ];
}

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
  const [scale, normalized] = [
    `${name}.${steps.scale}`,
    `${name}.${steps.normalized}`,
  ];
  if (!isWanted(tap, scale) && !isWanted(tap, normalized)) {
    return rmsNorm(x, scale_D, epsilon);
  }
  const size = x.square().mean(-1, true).add(epsilon).sqrt();
  return tap(normalized, x.div(tap(scale, size))).mul(scale_D);
}
