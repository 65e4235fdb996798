import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflatedZip, type Files } from "../../bench/fuzz/zip.ts";
import type { StoredTensor } from "../../lib/checkpoint/checkpoint.ts";
import type {
  EncoderDeclaration,
  PackageWeights,
  PinnedFile,
} from "../../lib/encoder/declaration.ts";
import { aisfx } from "../../lib/encoder/declared/aisfx.ts";
import { musicnn } from "../../lib/encoder/declared/musicnn.ts";
import { keepTensors } from "../../lib/encoder/keep-tensors.ts";
import { encoderNamed } from "../../lib/encoder/list.ts";
import { weightsFolder } from "../../lib/hub/fetch.ts";
import { safetensorsOf } from "../checkpoint/support.ts";
import { sha256 } from "../hub/pypi/fake-pypi.ts";
import { parityFolder, randomCheckpoint } from "./support.ts";

/** Bytes of a fixture's file, and what pins them under another name. */
function pinned(file: string, ...path: readonly string[]) {
  const bytes = new Uint8Array(readFileSync(join(parityFolder, ...path)));
  return { bytes, pin: pinOf(file, bytes) };
}

const pinOf = (file: string, bytes: Uint8Array): PinnedFile => ({
  file,
  bytes: bytes.length,
  sha256: sha256(bytes),
});

/** A package's wheel, and the weights in it as a declaration publishes them. */
export interface TinyPackage {
  readonly wheel: Uint8Array;
  readonly members: Files;
  readonly weights: PackageWeights;
}

function packageOf(
  published: PackageWeights,
  members: Files,
  change: Pick<PackageWeights, "checkpoint" | "kept" | "shards">,
): TinyPackage {
  const wheel = new Uint8Array(deflatedZip(members));
  const { name, version, file } = published.package;
  return {
    wheel,
    members,
    weights: {
      ...published,
      ...change,
      package: { name, version, ...pinOf(file, wheel) },
    },
  };
}

/** The published packages with tiny weights, of the fixtures, in them. */
export function tinyPackages(): { aisfx: TinyPackage; musicnn: TinyPackage } {
  const [ofAisfx] = aisfx.published as readonly PackageWeights[];
  const [ofMusicnn] = musicnn.published as readonly PackageWeights[];
  const pth = pinned(
    ofAisfx.checkpoint.file,
    ...["aisfx-tiny", "checkpoint.pth"],
  );
  const index = pinned(
    ofMusicnn.checkpoint.file,
    ...["musicnn-tiny", "model.index"],
  );
  const shard = pinned(
    ofMusicnn.shards![0].file,
    ...["musicnn-tiny", "model.data-00000-of-00001"],
  );
  const part = ofAisfx.checkpoint.part;
  return {
    aisfx: packageOf(ofAisfx, [[pth.pin.file, pth.bytes]], {
      checkpoint: { ...pth.pin, part },
      kept: {
        file: "model.safetensors",
        bytes: 79_384,
        sha256:
          "6498eb1dc35c2bcbcd1cd91342644ed4fa0a812e1d2ccd2a61e7ea2e0e8c42d1",
      },
    }),
    musicnn: packageOf(
      ofMusicnn,
      [
        [index.pin.file, index.bytes],
        [shard.pin.file, shard.bytes],
      ],
      {
        checkpoint: index.pin,
        shards: [shard.pin],
        kept: {
          file: "model.safetensors",
          bytes: 34_016,
          sha256:
            "d0044d35c1566657eeb472099041a2a93c3d177da2f8c7ee9b7c92b01d413dde",
        },
      },
    ),
  };
}

/** The packages' encoders, each with its tiny weights for published ones. */
export function tinyEncoders(): EncoderDeclaration[] {
  const tiny = tinyPackages();
  return [
    { ...aisfx, published: [tiny.aisfx.weights] },
    { ...musicnn, published: [tiny.musicnn.weights] },
  ] as EncoderDeclaration[];
}

/** Small random weights in the files and under the names that a hub has. */
async function fromHub(
  cache: string,
  name: string,
  nameOf: (tensor: string) => string,
): Promise<void> {
  const folder = weightsFolder(cache, name);
  mkdirSync(folder, { recursive: true });
  const { network } = encoderNamed(name);
  const shapes = network.shapesOf(network.configOf(network.small));
  const checkpoint = randomCheckpoint(shapes, nameOf);
  const tensors = new Map<string, StoredTensor>();
  for (const tensor of checkpoint.tensors.keys()) {
    tensors.set(tensor, await checkpoint.read(tensor));
  }
  writeFileSync(join(folder, "model.safetensors"), safetensorsOf(tensors));
  writeFileSync(join(folder, "config.json"), JSON.stringify(network.small));
}

/**
 * A cache as `fetch` leaves it, with tiny weights in the official formats: of
 * SSLAM and CLAP with their config.json, of the packages what is kept of them.
 */
export async function tinyCache(): Promise<{
  readonly cache: string;
  readonly remove: () => void;
}> {
  const cache = mkdtempSync(join(tmpdir(), "pal-lab-tiny-cache-"));
  await fromHub(cache, "sslam", (tensor) => `model.${tensor}`);
  await fromHub(
    cache,
    "clap-general",
    (tensor) => `audio_model.audio_encoder.${tensor}`,
  );
  for (const { members, weights } of Object.values(tinyPackages())) {
    const folder = weightsFolder(cache, weights.name);
    mkdirSync(folder);
    const files = new Map(members);
    await keepTensors(
      { ...encoderNamed(weights.name, tinyEncoders()), ...weights },
      async ({ file }) => files.get(file)!,
      join(folder, weights.kept.file),
    );
  }
  return { cache, remove: () => rmSync(cache, { recursive: true }) };
}
