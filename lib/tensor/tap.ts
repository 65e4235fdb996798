import { keep, type Tensor } from "@tensorflow/tfjs";

/**
 * Sees an activation on its way through the model and returns what goes on.
 *
 * Names are TransformerLens's, layers from 0: `blocks.4.hook_resid_pre`.
 */
export interface Tap {
  <X extends Tensor>(name: string, x: X): X;
  /**
   * Whether the tap looks at an activation. What it does not look at need not
   * be made; a tap without this looks at all but the opt-in ones.
   */
  readonly wants?: (name: string) => boolean;
}

/** A place where a tap can see, and the axes of what it sees there. */
export interface Hook {
  readonly name: string;
  /** One letter each, as in a shape suffix. */
  readonly axes: string;
  /** Large: made only for a tap that asks for it by name. */
  readonly isOptIn?: boolean;
}

/** Lets everything pass. */
export const noTap: Tap = Object.assign(
  <X extends Tensor>(_: string, x: X) => x,
  {
    wants: () => false,
  },
);

/** Whether an activation that the model may not need is looked at. */
export function isWanted(tap: Tap, name: string): boolean {
  return tap.wants?.(name) ?? true;
}

/** The same for a large one, which is made only for who asks by name. */
export function isAsked(tap: Tap, name: string): boolean {
  return tap.wants?.(name) ?? false;
}

/** Shows x with its axes in another order; `order` is its own inverse. */
export function tapTurned<X extends Tensor>(
  tap: Tap,
  name: string,
  [x, order]: readonly [X, number[]],
): X {
  if (!isWanted(tap, name)) return x;
  return tap(name, x.transpose(order)).transpose(order) as X;
}

/** Shows x with another shape. */
export function tapReshaped<X extends Tensor>(
  tap: Tap,
  name: string,
  [x, shape]: readonly [X, number[]],
): X {
  if (!isWanted(tap, name)) return x;
  return tap(name, x.reshape(shape)).reshape(x.shape) as X;
}

/** Keeps the activations that `wanted` accepts; the caller disposes them. */
export function recorder(wanted: (name: string) => boolean) {
  const cache = new Map<string, Tensor>();
  const see = <X extends Tensor>(name: string, x: X): X => {
    // Kept: the model tidies away what it made on its way.
    if (wanted(name)) cache.set(name, keep(x.clone()));
    return x;
  };
  return { tap: Object.assign(see, { wants: wanted }) as Tap, cache };
}

/** Puts another run's activation in place of this one's. */
export function patch(name: string, donor: Tensor): Tap {
  return replace(name, () => donor);
}

/** Puts what `change` returns in the place of an activation. */
export function replace(name: string, change: (x: Tensor) => Tensor): Tap {
  const see = <X extends Tensor>(seen: string, x: X): X =>
    seen === name ? checked(name, x, change(x)) : x;
  return Object.assign(see, { wants: (seen: string) => seen === name });
}

/** One tap after the other. */
export function taps(...all: readonly Tap[]): Tap {
  const see = <X extends Tensor>(name: string, x: X): X =>
    all.reduce(
      (seen, tap) => (isWanted(tap, name) ? tap(name, seen) : seen),
      x,
    );
  return Object.assign(see, {
    wants: (name: string) => all.some((tap) => isWanted(tap, name)),
  });
}

function checked<X extends Tensor>(name: string, x: X, other: Tensor): X {
  if (`${other.shape}` === `${x.shape}`) return other as X;
  throw new RangeError(
    `replace: expected shape [${x.shape}], got [${other.shape}] (${name})`,
  );
}
