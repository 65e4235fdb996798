import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import * as tf from "@tensorflow/tfjs";
import {
  type Checkpoint,
  openCheckpoint,
  type StoredTensor,
} from "../../lib/checkpoint/checkpoint.ts";
import {
  type RawConfig,
  readConfig,
} from "../../lib/checkpoint/config-fields.ts";
import { weightsFolder } from "../../lib/hub/fetch.ts";
import { cacheOf } from "../../lib/session/folders.ts";
import type { Tap } from "../../lib/tensor/tap.ts";

/** A folder with inputs, and outputs that the official code computed. */
export interface Fixture {
  readonly folder: string;
  readonly config: RawConfig;
  /** Inputs and expected outputs, by name. */
  readonly io: ReadonlyMap<string, StoredTensor>;
  /** Weights, where the fixture has any. */
  readonly model: Checkpoint | undefined;
}

/** How far an output may be from the expected one. */
export interface Tolerance {
  readonly max: number;
  /** Of the mean distance, where the README asks for it. */
  readonly mean?: number;
}

/** What fixtures of one kind hold and how they are computed here. */
export interface Kind {
  readonly name: string;
  /** Whether a fixture, by its tensors and settings, is of this kind. */
  readonly isOf: (fixture: Fixture) => boolean;
  /** Tensors of `io` that go in; all others are outputs to compare. */
  readonly inputs: readonly string[];
  readonly tolerance: (tensor: string) => Tolerance;
  /** Our outputs, by the fixture's names; more than it has is fine. */
  readonly run: (fixture: Fixture) => Promise<Map<string, StoredTensor>>;
}

/** Folders with an `io.safetensors`, from `folder` down, in order. */
export function fixtureFolders(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  const below = entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(folder, name))
    .sort()
    .flatMap(fixtureFolders);
  const isFixture = entries.some(({ name }) => name === "io.safetensors");
  return isFixture ? [folder, ...below] : below;
}

/** Reads a fixture and hands it over; the files are closed after. */
export async function withFixture<X>(
  folder: string,
  use: (fixture: Fixture) => Promise<X>,
): Promise<X> {
  const config = readConfig("parity", join(folder, "config.json")) ?? {};
  const opened: Checkpoint[] = [];
  const open = async (name: string, part?: string) => {
    const checkpoint = await openCheckpoint(resolve(folder, name), { part });
    opened.push(checkpoint);
    return checkpoint;
  };
  try {
    const io = await readAll(await open("io.safetensors"));
    const path = modelOf(folder, config);
    const model = path === undefined ? undefined : await open(...path);
    return await use({ folder, config, io, model });
  } finally {
    for (const checkpoint of opened) await checkpoint.close();
  }
}

/** Names of weights that lie beside a fixture, and what of them is opened. */
const models = [
  ["model.safetensors"],
  ["checkpoint.pth", "0"],
  ["model.index"],
] as const;

/** Published weights, by what a fixture's settings call them. */
const published: readonly (readonly [RegExp, string])[] = [
  [/^PyPI aisfx /, "aisfx"],
  [/^PyPI musicnn .*MTT_musicnn$/, "musicnn"],
  [/^PyPI musicnn .*MSD_musicnn$/, "musicnn-msd"],
];

/** Where a fixture's weights are: beside it, in the cache, or nowhere. */
function modelOf(
  folder: string,
  { weights }: RawConfig,
): readonly [path: string, part?: string] | undefined {
  if (typeof weights !== "string") {
    return models.find(([name]) => existsSync(join(folder, name)));
  }
  const name = published.find(([called]) => called.test(weights))?.[1];
  const path = weightsFolder(cacheOf(process.env), name ?? weights);
  if (existsSync(path)) return [path];
  throw new Error(
    `parity: expected the published weights in ${path}, got nothing; ` +
      `run \`npm run pal -- fetch ${name ?? weights}\``,
  );
}

async function readAll(checkpoint: Checkpoint) {
  const tensors = new Map<string, StoredTensor>();
  for (const name of checkpoint.tensors.keys()) {
    tensors.set(name, await checkpoint.read(name));
  }
  return tensors;
}

/** A tensor of the fixture that its kind cannot do without. */
export function input({ folder, io }: Fixture, name: string): StoredTensor {
  const tensor = io.get(name);
  if (tensor) return tensor;
  throw new RangeError(
    `parity: expected a tensor "${name}", got ${[...io.keys()].join(", ")} ` +
      `(${folder})`,
  );
}

/** Keeps activations of a forward pass as numbers, under names of our own. */
export function collector(nameOf: (hook: string) => string | undefined) {
  const found = new Map<string, StoredTensor>();
  const tap: Tap = (hook, x) => {
    const name = nameOf(hook);
    if (name !== undefined) found.set(name, toStored(x));
    return x;
  };
  return { tap, found };
}

export function toStored(x: tf.Tensor): StoredTensor {
  return { shape: x.shape, values: x.dataSync<"float32">().slice() };
}

/** The numbers of what `make` returns; frees all it makes. */
export function numbersOf(make: () => tf.Tensor): StoredTensor {
  return tf.tidy(() => toStored(make()) as never) as StoredTensor;
}
