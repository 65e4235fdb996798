import { createHash } from "node:crypto";
import { canonicalJson, type Plain } from "../../files/plain.ts";
import { namedLeaves, type Tensors } from "../../tensor/params.ts";

/** What a run is: whoever goes on with it must be the same in all of it. */
export interface Identity {
  readonly design: string;
  readonly stage: string;
  readonly scale: string;
  /** Of weights and order: the streams of chance are named by it. */
  readonly seed: number;
  /** The library's version. */
  readonly library: string;
  /** Hash of what is learned from. */
  readonly manifest: string;
  /** Hash of every size and setting. */
  readonly config: string;
  /** Hash of the weights that it starts from. */
  readonly start: string;
}

/** What an error calls them. */
const called: Readonly<Record<keyof Identity, string>> = {
  design: "design",
  stage: "stage",
  scale: "scale",
  seed: "seed",
  library: "library version",
  manifest: "data whose hash is",
  config: "settings whose hash is",
  start: "starting weights whose hash is",
};

/** What helps where a folder is of another run. */
export const otherRun =
  "go on with what it was begun with, or choose another folder";

/** A value as JSON has it: what JSON does not have is left out. */
export function plainOf(value: unknown): Plain {
  return JSON.parse(JSON.stringify(value ?? null));
}

/** sha256, in hex, of a value as JSON, whatever its fields' order, or bytes. */
export function hashOf(value: unknown): string {
  const content =
    value instanceof Uint8Array ? value : canonicalJson(plainOf(value));
  return createHash("sha256").update(content).digest("hex");
}

/** sha256, in hex, of a tree's tensors with their names and shapes. */
export function hashOfTensors(tree: Tensors): string {
  const hash = createHash("sha256");
  for (const [name, leaf] of namedLeaves(tree)) {
    hash.update(`${name} ${leaf.dtype} [${leaf.shape}]\n`);
    const { buffer, byteLength, byteOffset } = leaf.dataSync();
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest("hex");
}

/**
 * Refuses to go on with another run's files.
 *
 * @param wanted - what is known of the run yet
 * @param where - the file that was found
 * @throws RangeError that names what differs
 */
export function checkIdentity(
  wanted: Partial<Identity>,
  found: unknown,
  where: string,
): void {
  const got = (found ?? {}) as Readonly<Record<string, unknown>>;
  for (const [name, what] of Object.entries(called)) {
    const value = wanted[name as keyof Identity];
    if (value === undefined || got[name] === value) continue;
    throw new RangeError(
      `train: expected a run with ${what} ${value}, got ` +
        `${got[name] ?? "none"} (${where}); ${otherRun}`,
    );
  }
}
