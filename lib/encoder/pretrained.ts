import { statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { sharedCrop } from "../audio/crop.ts";
import {
  clapFrontEnd,
  type FrontEnd,
  sslamFrontEnd,
} from "../audio/front-end.ts";
import { type Checkpoint, openCheckpoint } from "../checkpoint/checkpoint.ts";
import { type RawConfig, readConfig } from "../checkpoint/config-fields.ts";
import { disposeTensors, type Tensors } from "../tensor/params.ts";
import type { Encoder } from "./encoder.ts";
import { type Htsat, runHtsat } from "./htsat.ts";
import { type HtsatConfig, htsatConfig } from "./htsat-config.ts";
import { htsatGrid, type SoundGrid, sslamGrid } from "./sound-grid.ts";
import {
  runSslam,
  type Sslam,
  type SslamConfig,
  sslamConfig,
} from "./sslam.ts";
import { loadHtsat } from "./weights/htsat.ts";
import { isLaion, laionConfig } from "./weights/laion.ts";
import { loadSslam } from "./weights/sslam.ts";

/** An encoder whose weights come from a checkpoint. */
export interface PretrainedEncoder extends Encoder {
  /** Sizes and settings; some, as the number of heads, no weight's shape tells. */
  readonly config: SslamConfig | HtsatConfig;
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

/** A network and what belongs to it; the rest of an encoder follows. */
type Network = Pick<
  PretrainedEncoder,
  "name" | "config" | "grid" | "width" | "frontEnd" | "weights" | "forward"
>;

export interface OpenOptions {
  /** Takes a line about weights that are known to be broken. */
  readonly report?: (line: string) => void;
}

/**
 * Opens SSLAM or CLAP's HTSAT from a checkpoint's file or folder.
 *
 * Sizes come from the config.json beside the weights, or from the tensors of
 * LAION's own files; which network it is, the tensors' names say.
 */
export async function openEncoder(
  path: string,
  { report = () => {} }: OpenOptions = {},
): Promise<PretrainedEncoder> {
  const checkpoint = await openCheckpoint(path);
  try {
    const config = configBeside(path);
    if (isBroken(path, config)) {
      report(
        "openEncoder: laion/larger_clap_music is known to give nearly the " +
          "same features for every sound; take larger_clap_general or " +
          "larger_clap_music_and_speech",
      );
    }
    return await readEncoder(checkpoint, config);
  } finally {
    await checkpoint.close();
  }
}

/** The encoder that a checkpoint's tensors belong to. */
export async function readEncoder(
  checkpoint: Checkpoint,
  config: RawConfig,
): Promise<PretrainedEncoder> {
  const has = (part: string) =>
    [...checkpoint.tensors.keys()].some((name) => name.includes(part));
  if (has("local_encoder.proj.")) {
    return encoderOf(await sslamNetwork(checkpoint, config));
  }
  if (has("patch_embed.proj.")) {
    return encoderOf(await htsatNetwork(checkpoint, config));
  }
  throw new RangeError(
    `openEncoder: expected the tensors of SSLAM or CLAP, got others ` +
      `(${checkpoint.name})`,
  );
}

async function sslamNetwork(
  checkpoint: Checkpoint,
  raw: RawConfig,
): Promise<Network> {
  const config = sslamConfig(raw);
  return {
    name: "sslam",
    config,
    grid: sslamGrid(config, sslamFrontEnd.nFrames),
    width: config.width,
    frontEnd: sslamFrontEnd,
    weights: await loadSslam(checkpoint, config),
    forward: (weights, mel_BFL) =>
      runSslam(weights as Sslam, mel_BFL, { config }),
  };
}

async function htsatNetwork(
  checkpoint: Checkpoint,
  raw: RawConfig,
): Promise<Network> {
  const own = isLaion(checkpoint) ? laionConfig(checkpoint) : raw;
  const config = htsatConfig(own);
  return {
    name: "clap",
    config,
    grid: htsatGrid(config),
    width: config.patchWidth * 2 ** (config.depths.length - 1),
    frontEnd: clapFrontEnd,
    weights: await loadHtsat(checkpoint, config),
    forward: (weights, mel_BFL) =>
      runHtsat(weights as Htsat, mel_BFL, { config }),
  };
}

function encoderOf(network: Network): PretrainedEncoder {
  const { forward, frontEnd, weights } = network;
  const encodeAll = (clips: readonly Float32Array[]) => {
    const features_BPE = tf.tidy(() => {
      const pictures = clips.map((samples) => {
        const { nBands, nFrames, values } = frontEnd.frames(samples);
        return tf.tensor2d(values, [nFrames, nBands]);
      });
      return forward(weights, tf.stack(pictures) as tf.Tensor3D);
    });
    const features = features_BPE.dataSync<"float32">();
    features_BPE.dispose();
    const each = features.length / clips.length;
    return clips.map((_, i) => features.slice(i * each, (i + 1) * each));
  };
  return {
    ...network,
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

/** Whether these are the weights of `laion/larger_clap_music`. */
function isBroken(path: string, { _name_or_path: name }: RawConfig): boolean {
  const places = [resolve(path), dirname(resolve(path)), String(name)];
  return places.some((place) => basename(place) === "larger_clap_music");
}
