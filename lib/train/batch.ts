import * as tf from "@tensorflow/tfjs";
import type { Example } from "../data/example.ts";
import type { EncoderSizes } from "../encoder/encoder.ts";
import { type Features, soundsOf } from "../features/features.ts";
import type { AudioLlmConfig } from "../pal/design/design.ts";
import { type Scored, scoredTensors } from "./loss.ts";
import { type PlainBatch, type PlainMaker, plainBatch } from "./plain-batch.ts";

/** Questions about sounds, with their answers, as a design takes them. */
export type ExampleBatch = {
  /** features_BPE of each encoder. */
  readonly features: readonly tf.Tensor3D[];
  readonly text_BT: tf.Tensor2D;
  /** The tokens that count: the answers', from the first to the end. */
  readonly scored: Scored;
};

/** What turns examples into tensors. */
export interface BatchMaker extends Omit<PlainMaker, "sounds"> {
  readonly features: Features;
}

/**
 * The batch of some examples; its tensors are the caller's.
 *
 * @throws RangeError for an example longer than `lengths`, or whose prompt
 * leaves its answer out
 */
export async function exampleBatch(
  examples: readonly Example[],
  { features, ...maker }: BatchMaker,
): Promise<ExampleBatch> {
  const sounds = soundsOf(features);
  return batchTensors(
    await plainBatch(examples, { ...maker, sounds }),
    features,
  );
}

/** The half of a batch that needs the engine; the tensors are the caller's. */
export function batchTensors(
  { B, T, heard, scored, tokens }: PlainBatch,
  features: Features,
): ExampleBatch {
  return {
    features: heardTensors(heard, B, features),
    text_BT: tf.tensor2d(tokens, [B, T], "int32"),
    scored: scoredTensors(scored),
  };
}

/**
 * Refuses features that a design's connector would take for others: by name,
 * order and size.
 */
export function checkFeatures(
  caller: string,
  { encoders, variant }: Pick<AudioLlmConfig, "encoders" | "variant">,
  features: Features,
): void {
  const listOf = (all: readonly EncoderSizes[]) =>
    all
      .map(
        ({ grid: { bands, steps }, name, width }) =>
          `${name} (${steps} x ${bands} x ${width})`,
      )
      .join(", ");
  const [expected, got] = [listOf(encoders), listOf(features.encoders)];
  if (expected === got) return;
  throw new RangeError(
    `${caller}: expected features of ${expected}, got ${got} ` +
      `(variant "${variant.name}")`,
  );
}

/** features_BPE of each encoder for the sounds of some examples. */
export async function heardBy(
  examples: readonly Pick<Example, "audio">[],
  features: Features,
): Promise<tf.Tensor3D[]> {
  const audio = examples.map(({ audio }) => audio);
  const heard = await soundsOf(features).read(audio);
  return heardTensors(heard, audio.length, features);
}

/** features_BPE of each encoder, of what was read of B sounds. */
function heardTensors(
  heard: readonly Float32Array[],
  B: number,
  { encoders, pictures }: Features,
): tf.Tensor3D[] {
  if (pictures) return pictures.encode(heard, B);
  return encoders.map(({ grid, name, width }, e) => {
    const P = grid.steps * grid.bands;
    const { length } = heard[e];
    if (length !== B * P * width) {
      throw new RangeError(
        `batchTensors: expected ${B * P * width} numbers of ${B} sounds, ` +
          `got ${length} (encoder ${name})`,
      );
    }
    return tf.tensor3d(heard[e], [B, P, width]);
  });
}
