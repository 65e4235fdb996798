import type * as tf from "@tensorflow/tfjs";
import type { EncoderSizes } from "../encoder/encoder.ts";
import type { BatchEncoder, BatchOptions } from "./batch.ts";
import { featuresOf } from "./features-of.ts";

/**
 * What frozen encoders made of sounds, wherever it comes from: all that
 * training and evaluation know of audio.
 */
export interface Features {
  /** In the order in which a design's connector reads them. */
  readonly encoders: readonly EncoderSizes[];
  /**
   * Features of some sounds: an array for each encoder, sound after sound,
   * each time-major as `Encoder.encode` returns it. The arrays are the caller's.
   *
   * @throws RangeError for a sound that is not known; Error for one whose
   * features can not be had
   */
  read(audio: readonly string[]): Promise<readonly Float32Array[]>;
  /** Where features are computed when they are needed: the way in two halves. */
  readonly pictures?: Pictures;
}

/** What can be read of sounds without an engine: all that a thread needs. */
export type Sounds = Pick<Features, "read">;

/** Sounds as frozen encoders are shown them, and what these make of it. */
export interface Pictures extends Sounds {
  /**
   * Runs the encoders; this needs the engine.
   *
   * @param pictures - of B sounds, as `read` gave them
   * @returns features_BPE of each encoder, the caller's
   */
  encode(pictures: readonly Float32Array[], B: number): tf.Tensor3D[];
}

/** The half that needs no engine: pictures, or else the features. */
export function soundsOf(features: Features): Sounds {
  return features.pictures ?? features;
}

/** Numbers of one sound's features. */
function featureSize({ grid, width }: EncoderSizes): number {
  return grid.steps * grid.bands * width;
}

/** Sounds that one encoder has heard, in memory. */
export interface HeardSounds {
  readonly encoder: EncoderSizes;
  /** Names of the sounds, in the order of `features`. */
  readonly audio: readonly string[];
  /** Sound after sound. */
  readonly features: Float32Array;
}

/** Features in memory, of any number of encoders that heard the same sounds. */
export function featuresInMemory(heard: readonly HeardSounds[]): Features {
  const places = heard.map(({ audio, encoder, features }) => {
    const expected = audio.length * featureSize(encoder);
    if (features.length !== expected) {
      throw new RangeError(
        `featuresInMemory: expected ${expected} numbers for ${audio.length} ` +
          `sounds, got ${features.length} (encoder ${encoder.name})`,
      );
    }
    return new Map(audio.map((name, i) => [name, i]));
  });
  const pick = (
    { encoder, features }: HeardSounds,
    place: ReadonlyMap<string, number>,
    audio: readonly string[],
  ): Float32Array => {
    const size = featureSize(encoder);
    const picked = new Float32Array(audio.length * size);
    audio.forEach((name, i) => {
      const at = place.get(name);
      if (at === undefined) {
        throw new RangeError(
          `read: unknown sound "${name}"; encoder ${encoder.name} has heard ` +
            `${place.size} others`,
        );
      }
      picked.set(features.subarray(at * size, (at + 1) * size), i * size);
    });
    return picked;
  };
  return {
    encoders: heard.map(({ encoder }) => encoder),
    read: async (audio) => heard.map((one, e) => pick(one, places[e], audio)),
  };
}

/**
 * Features of audio files, named by their paths: read from the encoder's
 * store, and encoded where they are not there yet.
 *
 * @param encoders - name: what the design calls the encoder, where that is not
 *   its network's name: "clap-general" and "clap-music-speech" are both "clap"
 */
export function featuresOfFiles(
  encoders: readonly {
    readonly name?: string;
    readonly encoder: BatchEncoder;
    readonly options: BatchOptions;
  }[],
): Features {
  const readOne = async (
    { encoder, options }: (typeof encoders)[number],
    paths: readonly string[],
  ): Promise<Float32Array> => {
    const size = featureSize(encoder);
    const all = new Float32Array(paths.length * size);
    for await (const one of featuresOf(paths, encoder, options)) {
      if (one.error) {
        throw new Error(
          `read: expected features of ${one.path}, got: ${one.error.message} ` +
            `(encoder ${encoder.name})`,
          { cause: one.error },
        );
      }
      all.set(one.features, one.index * size);
    }
    return all;
  };
  return {
    encoders: encoders.map(({ encoder, name = encoder.name }) => ({
      name,
      grid: encoder.grid,
      width: encoder.width,
    })),
    // One after the other: they share the engine.
    read: async (audio) => {
      const read: Float32Array[] = [];
      for (const one of encoders) read.push(await readOne(one, audio));
      return read;
    },
  };
}
