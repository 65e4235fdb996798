import { nearestName } from "../metric/nearest-name.ts";
import type { Checkpoint, TensorInfo } from "./safetensors.ts";

/** Wanted tensors: name and shape. */
export type Shapes = ReadonlyMap<string, readonly number[]>;

/** Tensors of a checkpoint under the names that a model gives them. */
export interface Renamed {
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** The checkpoint's own name of each. */
  readonly originals: ReadonlyMap<string, string>;
}

/** More than this many names make no message. */
const shown = 1000;

/**
 * Gives each tensor of a checkpoint the name that `rename` returns; what it
 * returns `undefined` for is left out.
 */
export function renameTensors(
  { name: file, tensors }: Checkpoint,
  rename: (name: string) => string | undefined,
): Renamed {
  const originals = new Map<string, string>();
  const renamed = new Map<string, TensorInfo>();
  for (const [original, info] of tensors) {
    const name = rename(original);
    if (name === undefined) continue;
    const before = originals.get(name);
    if (before !== undefined) {
      throw new RangeError(
        `renameTensors: expected one tensor for "${name}", ` +
          `got "${before}" and "${original}" (${file})`,
      );
    }
    originals.set(name, original);
    renamed.set(name, info);
  }
  return { tensors: renamed, originals };
}

/**
 * Compares a checkpoint's tensors with those a model wants.
 *
 * One error lists everything that is missing, extra, or of another shape; a
 * missing name comes with the nearest of the extra ones.
 */
export function checkTensors(
  caller: string,
  wanted: Shapes,
  { name: file, tensors }: Pick<Checkpoint, "name" | "tensors">,
): void {
  const missing = [...wanted.keys()].filter((name) => !tensors.has(name));
  const extra = [...tensors.keys()].filter((name) => !wanted.has(name));
  const misshapen = [...wanted].filter(([name, shape]) => {
    const info = tensors.get(name);
    return info && `${info.shape}` !== `${shape}`;
  });
  if (missing.length + extra.length + misshapen.length === 0) return;
  const candidates = extra.slice(0, shown);
  const lines = [
    ...missing.map((name) => `  missing ${name}${hint(name, candidates)}`),
    ...misshapen.map(
      ([name, shape]) =>
        `  shape of ${name}: expected [${shape}], ` +
        `got [${tensors.get(name)!.shape}]`,
    ),
    ...candidates.map((name) => `  extra ${name}`),
  ];
  if (extra.length > shown) lines.push(`  and ${extra.length - shown} more`);
  throw new RangeError(
    `${caller}: expected ${wanted.size} tensors, got ${missing.length} ` +
      `missing, ${misshapen.length} of another shape, ${extra.length} extra ` +
      `(${file})\n${lines.join("\n")}`,
  );
}

function hint(name: string, candidates: readonly string[]): string {
  const nearest = nearestName(name, candidates);
  return nearest === undefined ? "" : `; nearest: ${nearest}`;
}
