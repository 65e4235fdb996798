/**
 * Shape suffixes: a tensor's name ends in one letter per axis.
 *
 *   B  clips in the batch             D  width of the residual stream
 *   T  text positions                 W  hidden width of the FFN
 *   A  audio (latent) tokens          N  query heads
 *   S  stream positions, T or A + T   K  key/value heads
 *   M  positions attended to          H  width of one head
 *   P  patches of an encoder's grid   C  width of a latent token
 *   R  patches in one region          E  width of an encoder's features
 *   G  groups folded into the batch   V  vocabulary
 *   F  frames of a spectrogram        L  mel bands of a frame
 *   X  axes flattened into one        1  an axis of size one
 */
import type { Tensor } from "@tensorflow/tfjs";

type Letter<Axes extends string> = Axes extends `${infer First}${infer Rest}`
  ? First | Letter<Rest>
  : never;

/**
 * Reads a tensor's sizes by axis letter and checks the ones already known.
 *
 * ```ts
 * const { B, T } = dims("unembed", x_BTD, "BTD", { D: 2048 });
 * ```
 */
export function dims<Axes extends string>(
  caller: string,
  x: Tensor,
  axes: Axes,
  known: Partial<Record<Letter<Axes>, number>> = {},
): Record<Letter<Axes>, number> {
  if (x.rank !== axes.length) {
    throw new RangeError(
      `${caller}: expected axes ${axes}, got shape [${x.shape}]`,
    );
  }
  const sizes = { ...known } as Record<string, number>;
  for (const [i, axis] of [...axes].entries()) {
    sizes[axis] ??= x.shape[i];
    if (sizes[axis] !== x.shape[i]) {
      throw new RangeError(
        `${caller}: expected ${axis}=${sizes[axis]} in axes ${axes}, ` +
          `got shape [${x.shape}]`,
      );
    }
  }
  return sizes as Record<Letter<Axes>, number>;
}
