import * as tf from "@tensorflow/tfjs";
import type { Checkpoint } from "../../checkpoint/checkpoint.ts";
import type { Shapes } from "../../checkpoint/match.ts";
import { type Reader, readModel } from "../../checkpoint/reader.ts";
import { type Conv, foldBatchNorm } from "../../tensor/conv.ts";
import { type Aisfx, type AisfxConfig, convName } from "../aisfx.ts";

/** PyTorch's epsilon of a batch norm. */
const epsilon = 1e-5;

/**
 * Name of a tensor of the network; undefined for the classifiers, one for each
 * library that it was trained on, and for counts of batches.
 */
function aisfxName(name: string): string | undefined {
  const isOurs =
    name.startsWith("embedding_net.") && !name.endsWith("num_batches_tracked");
  return isOurs ? name : undefined;
}

/** Reads aiSFX from its package's checkpoint, or from what is kept of it. */
export async function loadAisfx(
  checkpoint: Checkpoint,
  config: AisfxConfig,
): Promise<Aisfx> {
  return readModel(checkpoint, {
    caller: "loadAisfx",
    rename: aisfxName,
    wanted: () => aisfxShapes(config),
    build: async (reader) => {
      const blocks: Aisfx["blocks"][number][] = [];
      for (let block = 0; block < config.nBlocks; block++) {
        const first = await readConv(reader, block, 1);
        const second = await readConv(reader, block, 2);
        blocks.push({ first, second });
      }
      return { blocks };
    },
  });
}

/** Names and shapes of the network's tensors. */
export function aisfxShapes({ channels, nBlocks }: AisfxConfig): Shapes {
  const shapes = new Map<string, readonly number[]>();
  for (let block = 0; block < nBlocks; block++) {
    const X = channels * 2 ** block;
    for (const conv of [1, 2]) {
      const E = conv === 2 ? X : block === 0 ? 1 : X / 2;
      shapes.set(convName(block, conv), [X, E, 3, 3]);
      for (const name of ["weight", "bias", "running_mean", "running_var"]) {
        shapes.set(normName(block, conv, name), [X]);
      }
    }
  }
  return shapes;
}

const normName = (block: number, conv: number, name: string) =>
  `embedding_net.conv_block${block + 1}.bn${conv}.${name}`;

/** A convolution with the batch norm behind it folded into its weights. */
async function readConv(
  { keep, plain }: Reader,
  block: number,
  conv: number,
): Promise<Conv> {
  const read = async (name: string) =>
    (await plain(normName(block, conv, name))).values;
  const { scale, shift } = foldBatchNorm({
    mean: await read("running_mean"),
    variance: await read("running_var"),
    weight: await read("weight"),
    bias: await read("bias"),
    epsilon,
  });
  const { shape, values } = await plain(convName(block, conv));
  const [X, E, F, L] = shape;
  const each = E * F * L;
  const scaled = Float32Array.from(values, (x, i) => {
    return x * scale[Math.floor(i / each)];
  });
  return {
    kernel_FLEX: keep(() =>
      tf.tensor4d(scaled, [X, E, F, L]).transpose([2, 3, 1, 0]),
    ) as tf.Tensor4D,
    bias_X: keep(() => tf.tensor1d(Float32Array.from(shift))),
  };
}
