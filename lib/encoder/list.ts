import type { RawConfig } from "../checkpoint/config-fields.ts";
import type { EncoderDeclaration, PublishedWeights } from "./declaration.ts";
import { aisfx } from "./declared/aisfx.ts";
import { clap } from "./declared/clap.ts";
import { musicnn } from "./declared/musicnn.ts";
import { sslam } from "./declared/sslam.ts";
import type { SoundGrid } from "./sound-grid.ts";

/** The encoders. Whatever asks for one by its name reads this list. */
export const declaredEncoders: readonly EncoderDeclaration[] = [
  sslam,
  clap,
  aisfx,
  musicnn,
];

/** Published weights with the network they belong to, and its sizes. */
export type PublishedEncoder = PublishedWeights & {
  readonly network: EncoderDeclaration;
  readonly grid: SoundGrid;
  /** Numbers in each cell's feature vector. */
  readonly width: number;
};

/** The published weights: the paper's three, CLAP's others, two packages'. */
export function publishedEncoders(
  encoders = declaredEncoders,
): PublishedEncoder[] {
  return encoders.flatMap((network) =>
    network.published.map((weights) => ({
      ...weights,
      ...sizesOf(network, weights.config),
      network,
    })),
  );
}

/** The published encoder of a name, ours or that of its hub repository. */
export function encoderNamed(
  name: string,
  encoders = declaredEncoders,
): PublishedEncoder {
  const all = publishedEncoders(encoders);
  const found = all.find(
    (encoder) =>
      encoder.name === name ||
      ("repository" in encoder && encoder.repository === name),
  );
  if (found) return found;
  throw new RangeError(
    `encoderNamed: expected one of ` +
      `${all.map((encoder) => encoder.name).join(", ")}, got "${name}"`,
  );
}

/** A network of a list by its own name. */
export function networkNamed(
  name: string,
  encoders = declaredEncoders,
): EncoderDeclaration {
  const found = encoders.find((network) => network.name === name);
  if (found) return found;
  throw new RangeError(
    `networkNamed: expected one of ` +
      `${encoders.map((network) => network.name).join(", ")}, got "${name}"`,
  );
}

function sizesOf(network: EncoderDeclaration, raw: RawConfig) {
  const config = network.configOf(raw);
  return { grid: network.gridOf(config), width: network.widthOf(config) };
}
