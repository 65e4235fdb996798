import { keep, type Tensor } from "@tensorflow/tfjs";

/**
 * Sees an activation on its way through the model and returns what goes on.
 *
 * Names are TransformerLens's, layers from 0: `blocks.4.hook_resid_pre`.
 */
export type Tap = <X extends Tensor>(name: string, x: X) => X;

/** Lets everything pass. */
export const noTap: Tap = (_name, x) => x;

/** Keeps the activations that `wanted` accepts; the caller disposes them. */
export function recorder(wanted: (name: string) => boolean) {
  const cache = new Map<string, Tensor>();
  const tap: Tap = (name, x) => {
    // Kept: the model tidies away what it made on its way.
    if (wanted(name)) cache.set(name, keep(x.clone()));
    return x;
  };
  return { tap, cache };
}

/** Puts another run's activation in place of this one's. */
export function patch(name: string, donor: Tensor): Tap {
  return (seen, x) => (seen === name ? (donor as typeof x) : x);
}
