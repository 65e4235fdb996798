import * as tf from "@tensorflow/tfjs";
import type { PretrainedEncoder } from "../encoder/pretrained.ts";
import { compile } from "../engine/compile.ts";
import { disposeTensors, type Tensors } from "../tensor/params.ts";
import { dims } from "../tensor/shapes.ts";
import type { ClipOptions } from "./clip-file.ts";
import type { Features, Pictures } from "./features.ts";
import { picturesOfFiles } from "./pictures.ts";

/** An encoder that runs as batches are made. */
export interface FlyingEncoder {
  /** What the design calls it, where that is not its network's name. */
  readonly name?: string;
  readonly encoder: PretrainedEncoder;
}

/** Features that nothing keeps. */
export interface OnTheFly extends Features {
  readonly pictures: Pictures;
  /** Frees the graphs; the encoders stay the caller's. */
  dispose(): void;
}

/**
 * Features of audio files, named by their paths, which frozen encoders compute
 * each time they are needed.
 *
 * They are those of a cache before it rounds: within half a step of float16 of
 * what it holds in that precision, and up to last bits of what it holds in
 * float32, as a graph adds up in another order, and so does a batch of another
 * number of sounds. The same sounds together give the same bits.
 */
export function featuresOnTheFly(
  encoders: readonly FlyingEncoder[],
  options: ClipOptions = {},
): OnTheFly {
  const networks = encoders.map(({ encoder }) => openNetwork(encoder));
  const frontEnds = encoders.map(({ encoder }) => encoder.frontEnd);
  const pictures: Pictures = {
    ...picturesOfFiles(frontEnds, options),
    encode: (all, B) => networks.map(({ run }, e) => run(all[e], B)),
  };
  return {
    encoders: encoders.map(({ encoder, name = encoder.name }) => ({
      name,
      grid: encoder.grid,
      width: encoder.width,
    })),
    pictures,
    read: async (audio) => {
      const made = pictures.encode(await pictures.read(audio), audio.length);
      try {
        return made.map((features_BPE) => features_BPE.dataSync<"float32">());
      } finally {
        disposeTensors(made);
      }
    },
    dispose: () => {
      for (const network of networks) network.dispose();
    },
  };
}

/** An encoder's network as one graph, its weights inside. */
function openNetwork(encoder: PretrainedEncoder) {
  const { frontEnd, grid, name, width } = encoder;
  type Input = { readonly weights: Tensors; readonly mel_BFL: tf.Tensor3D };
  const graph = compile(
    ({ mel_BFL, weights }: Input) => ({
      weights,
      features_BPE: encoder.forward(weights, mel_BFL),
    }),
    { name: `${name} on the fly`, carry: "weights" },
  );
  graph.write(encoder.weights);
  return {
    run: (pictures: Float32Array, B: number): tf.Tensor3D => {
      const { nBands, nFrames } = frontEnd;
      const mel_BFL = tf.tensor3d(pictures, [B, nFrames, nBands]);
      const { features_BPE } = graph({ mel_BFL });
      mel_BFL.dispose();
      const P = grid.steps * grid.bands;
      dims("featuresOnTheFly", features_BPE, "BPE", { B, P, E: width });
      return features_BPE;
    },
    dispose: () => graph.dispose(),
  };
}
