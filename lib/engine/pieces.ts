import * as tf from "@tensorflow/tfjs";
import { type Compiled, compile } from "./compile.ts";

/** Functions of tensors, each compiled as a graph of its own. */
export interface CompiledPieces {
  /** See `Pieces` of `tensor`; outputs are the caller's. */
  run<I extends object, O extends object>(
    kind: string,
    make: (input: I) => O,
    input: I,
  ): O;
  dispose(): void;
}

export interface PiecesOptions {
  /** For errors. */
  readonly name: string;
  readonly xla?: boolean;
  /** Told of each run, the recordings left aside. */
  readonly onRun?: (kind: string, seconds: number) => void;
}

/**
 * Opens a place for pieces: one graph for each kind and shape, recorded when it
 * is met first.
 *
 * What a recording itself computes is left aside: op by op, last bits can
 * differ, and when a graph is made must not matter.
 */
export function openPieces({
  name,
  onRun,
  xla,
}: PiecesOptions): CompiledPieces {
  const known = new Map<string, Compiled<object, object>>();
  return {
    run: <I extends object, O extends object>(
      kind: string,
      make: (input: I) => O,
      input: I,
    ): O => {
      const piece = (known.get(kind) ??
        compile(make, {
          name: `${name}: ${kind}`,
          xla,
          report: () => {},
        })) as unknown as Compiled<I, O>;
      known.set(kind, piece as unknown as Compiled<object, object>);
      let start = performance.now();
      const { length } = piece.traces;
      const first = piece(input);
      const seconds = () => (performance.now() - start) / 1000;
      if (piece.traces.length === length) {
        onRun?.(kind, seconds());
        return first;
      }
      tf.dispose(first as tf.TensorContainer);
      start = performance.now();
      const made = piece(input);
      onRun?.(kind, seconds());
      return made;
    },
    dispose: () => {
      for (const piece of known.values()) piece.dispose();
      known.clear();
    },
  };
}
