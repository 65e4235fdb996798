import { statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { sharedCrop } from "../audio/crop.ts";
import type { FrontEnd } from "../audio/front-end.ts";
import { type Checkpoint, openCheckpoint } from "../checkpoint/checkpoint.ts";
import { type RawConfig, readConfig } from "../checkpoint/config-fields.ts";
import { disposeTensors, type Tensors } from "../tensor/params.ts";
import { dims } from "../tensor/shapes.ts";
import type { EncoderDeclaration, PublishedWeights } from "./declaration.ts";
import type { Encoder } from "./encoder.ts";
import { declaredEncoders } from "./list.ts";
import type { SoundGrid } from "./sound-grid.ts";

/** An encoder whose weights come from a checkpoint. */
export interface PretrainedEncoder extends Encoder {
  /** Sizes and settings; some, as the number of heads, no weight's shape tells. */
  readonly config: object;
  readonly grid: SoundGrid;
  readonly frontEnd: FrontEnd;
  readonly weights: Tensors;
  /**
   * Features_BPE of pictures, time-major; they belong to the caller.
   *
   * A pure function of its arguments, so that it can be compiled.
   */
  forward(weights: Tensors, mel_BFL: tf.Tensor3D): tf.Tensor3D;
  /** Features of several clips in one run. */
  encodeAll(clips: readonly Float32Array[]): Float32Array[];
  /** Frees the weights; the encoder can not be used after. */
  dispose(): void;
}

export interface OpenOptions {
  /** Takes a line about weights that are known to be broken. */
  readonly report?: (line: string) => void;
  /** Networks that it may be; all declared ones unless given. */
  readonly encoders?: readonly EncoderDeclaration[];
  /** What of a PyTorch file that holds several things: a key or a place. */
  readonly part?: string;
}

/**
 * Opens SSLAM, CLAP's HTSAT or another declared encoder from a checkpoint's
 * file or folder.
 *
 * Sizes come from the config.json beside the weights, or from the tensors where
 * a network's files have none; which network it is, the tensors' names say.
 */
export async function openEncoder(
  path: string,
  { encoders = declaredEncoders, part, report = () => {} }: OpenOptions = {},
): Promise<PretrainedEncoder> {
  const checkpoint = await openCheckpoint(path, { part });
  try {
    const config = configBeside(path);
    for (const { warning } of weightsAt(path, config, encoders)) {
      if (warning) report(`openEncoder: ${warning}`);
    }
    return await readEncoder(checkpoint, config, encoders);
  } finally {
    await checkpoint.close();
  }
}

/** The encoder that a checkpoint's tensors belong to. */
export async function readEncoder(
  checkpoint: Checkpoint,
  raw: RawConfig,
  encoders = declaredEncoders,
): Promise<PretrainedEncoder> {
  const network = networkOf(checkpoint, encoders);
  const config = network.configOf(raw, checkpoint);
  const sizes = {
    config,
    grid: network.gridOf(config),
    width: network.widthOf(config),
  };
  return encoderOf(network, sizes, await network.load(checkpoint, config));
}

/** The one network whose tensors a checkpoint has. */
function networkOf(
  checkpoint: Checkpoint,
  encoders: readonly EncoderDeclaration[],
): EncoderDeclaration {
  const found = encoders.filter((encoder) => encoder.isOf(checkpoint));
  if (found.length === 1) return found[0];
  const titles = (of: readonly EncoderDeclaration[], word: string) =>
    of.map(({ title }) => title).join(` ${word} `);
  const fault =
    found.length === 0
      ? `expected the tensors of ${titles(encoders, "or")}, got others`
      : `expected the tensors of one encoder, got those of ` +
        titles(found, "and");
  throw new RangeError(`openEncoder: ${fault} (${checkpoint.name})`);
}

function encoderOf(
  network: EncoderDeclaration,
  sizes: Pick<PretrainedEncoder, "config" | "grid" | "width">,
  weights: Tensors,
): PretrainedEncoder {
  const { frontEnd, name } = network;
  const { config, grid, width } = sizes;
  const forward: PretrainedEncoder["forward"] = (tree, mel_BFL) =>
    network.run(tree, mel_BFL, { config });
  const encodeAll = (clips: readonly Float32Array[]) => {
    const features_BPE = tf.tidy(() => {
      const pictures = clips.map((samples) => {
        const { nBands, nFrames, values } = frontEnd.frames(samples);
        return tf.tensor2d(values, [nFrames, nBands]);
      });
      const made_BPE = forward(weights, tf.stack(pictures) as tf.Tensor3D);
      dims("encodeAll", made_BPE, "BPE", {
        P: grid.steps * grid.bands,
        E: width,
      });
      return made_BPE;
    });
    const features = features_BPE.dataSync<"float32">();
    features_BPE.dispose();
    const each = features.length / clips.length;
    return clips.map((_, i) => features.slice(i * each, (i + 1) * each));
  };
  return {
    name,
    config,
    grid,
    width,
    frontEnd,
    weights,
    forward,
    seconds: sharedCrop.seconds,
    sampleRate: frontEnd.sampleRate,
    encode: (samples) => encodeAll([samples])[0],
    encodeAll,
    dispose: () => disposeTensors(weights),
  };
}

/** The config.json beside the weights; fairseq's files have none. */
function configBeside(path: string): RawConfig {
  const folder = statSync(path).isDirectory() ? path : dirname(path);
  return readConfig("openEncoder", join(folder, "config.json")) ?? {};
}

/** Published weights that these are, as far as folders and config name them. */
function weightsAt(
  path: string,
  { _name_or_path: name }: RawConfig,
  encoders: readonly EncoderDeclaration[],
): PublishedWeights[] {
  const places = [resolve(path), dirname(resolve(path)), String(name)];
  const names = places.map((place) => basename(place));
  return encoders
    .flatMap(({ published }) => published)
    .filter(
      (weights) =>
        "repository" in weights && names.includes(basename(weights.repository)),
    );
}
