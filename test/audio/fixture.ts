import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readTensors } from "../checkpoint/support.ts";

const folder = join(import.meta.dirname, "..", "fixtures", "parity");

/** One parity fixture: its settings and its tensors' numbers. */
export async function fixture(name: string) {
  const at = (part: string) => join(folder, name, part);
  const tensors = await readTensors(at("io.safetensors"));
  const config: Record<string, number> = JSON.parse(
    readFileSync(at("config.json"), "utf8"),
  );
  const values = (tensor: string): Float32Array => {
    const found = tensors.get(tensor)?.values;
    if (!(found instanceof Float32Array)) throw new Error(`no ${tensor}`);
    return found;
  };
  return { config, values };
}

/** Largest and mean absolute difference; infinite for another length. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>) {
  if (a.length !== b.length || a.length === 0) {
    return {
      largest: Number.POSITIVE_INFINITY,
      mean: Number.POSITIVE_INFINITY,
    };
  }
  let largest = 0;
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const apart = Math.abs(a[i] - b[i]);
    // NaN must not look like closeness.
    largest = apart <= largest ? largest : apart;
    sum += apart;
  }
  return { largest, mean: sum / a.length };
}

/** A tone, for tests that need some sound. */
export function tone(hz: number, nSamples: number, sampleRate: number) {
  return Float32Array.from(
    { length: nSamples },
    (_, i) => 0.5 * Math.sin((2 * Math.PI * hz * i) / sampleRate),
  );
}
