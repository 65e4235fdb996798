import * as tf from "@tensorflow/tfjs";

/** Sizes: small enough to train 50 steps on the slowest engine. */
const [B, T, D, W, N, V] = [2, 8, 16, 32, 2, 24];

/** One layer: norm, packed query-key-value, output, up, down. */
type Block = readonly [
  norm_D: tf.Tensor1D,
  queryKeyValue_DX: tf.Tensor2D,
  output_DD: tf.Tensor2D,
  up_DW: tf.Tensor2D,
  down_WD: tf.Tensor2D,
];
const blockLength = 5;

/** All that a step of Adam reads and writes: the embedding, then blocks. */
export type State = {
  readonly weights: readonly tf.Tensor[];
  readonly mean: readonly tf.Tensor[];
  readonly square: readonly tf.Tensor[];
};

export type StepInput = {
  readonly state: State;
  readonly tokens_BT: tf.Tensor2D;
  readonly rate: tf.Scalar;
};

/** Numbers that look random and are the same on every engine. */
function wave(shape: [number, number], seed: number): tf.Tensor2D {
  const values = Float32Array.from(
    { length: shape[0] * shape[1] },
    (_, i) => 0.2 * Math.sin(12.9898 * (i + 1) + 78.233 * seed),
  );
  return tf.tensor2d(values, shape);
}

export function initState(): State {
  const block = (seed: number): Block => [
    tf.ones([D]),
    wave([D, 3 * D], seed + 1),
    wave([D, D], seed + 2),
    wave([D, W], seed + 3),
    wave([W, D], seed + 4),
  ];
  const weights = [wave([V, D], 0), ...block(10), ...block(20)];
  const zeros = () => weights.map((weight) => tf.zerosLike(weight));
  return { weights, mean: zeros(), square: zeros() };
}

/** Token ids of one batch; another step number gives other text. */
export function tokensAt(step: number, length = T): tf.Tensor2D {
  const ids = Array.from(
    { length: B * length },
    (_, i) => (i * i + 3 * i + step) % V,
  );
  return tf.tensor2d(ids, [B, length], "int32");
}

function rmsNorm(x_XD: tf.Tensor2D, norm_D: tf.Tensor1D): tf.Tensor2D {
  const mean_X1 = x_XD.square().mean(-1, true);
  return x_XD.mul(mean_X1.add(1e-5).rsqrt()).mul(norm_D);
}

function runBlock(x_XD: tf.Tensor2D, block: Block, length: number) {
  const [norm_D, qkv_DX, output_DD, up_DW, down_WD] = block;
  const heads = tf
    .split(rmsNorm(x_XD, norm_D).matMul(qkv_DX), 3, 1)
    .map((x) => x.reshape([B, length, N, D / N]).transpose([0, 2, 1, 3]));
  const row_T1 = tf.range(0, length).expandDims(1);
  const mask_TT = tf.less(row_T1, tf.range(0, length)).mul(-1e9);
  const scores_BNTT = tf.matMul(heads[0], heads[1], false, true).add(mask_TT);
  const z_XD = tf
    .matMul(tf.softmax(scores_BNTT), heads[2])
    .transpose([0, 2, 1, 3])
    .reshape<tf.Tensor2D>([B * length, D]);
  const mid_XD: tf.Tensor2D = x_XD.add(z_XD.matMul(output_DD));
  const up_XW = mid_XD.matMul<tf.Tensor2D>(up_DW);
  const hidden_XW: tf.Tensor2D = up_XW.mul(up_XW.sigmoid());
  return mid_XD.add<tf.Tensor2D>(hidden_XW.matMul(down_WD));
}

/** Mean next-token loss, in nats. */
export function lossOf(
  weights: readonly tf.Tensor[],
  tokens_BT: tf.Tensor2D,
): tf.Scalar {
  const [embedding_VD, ...rest] = weights as [tf.Tensor2D, ...tf.Tensor[]];
  const length = tokens_BT.shape[1];
  let x_XD: tf.Tensor2D = tf
    .gather(embedding_VD, tokens_BT)
    .reshape([B * length, D]);
  for (let i = 0; i < rest.length; i += blockLength) {
    const block = rest.slice(i, i + blockLength) as unknown as Block;
    x_XD = runBlock(x_XD, block, length);
  }
  const logits_BTV = tf
    .matMul(x_XD, embedding_VD, false, true)
    .reshape<tf.Tensor3D>([B, length, V])
    .slice([0, 0, 0], [B, length - 1, V]);
  const next_BT = tokens_BT.slice([0, 1], [B, length - 1]);
  const picked_BT = tf
    .logSoftmax(logits_BTV)
    .mul(tf.oneHot(next_BT, V))
    .sum(-1);
  return picked_BT.mean<tf.Scalar>().neg();
}

/**
 * Loss, gradients and Adam: what is compiled in these tests.
 *
 * A large epsilon: with Adam's usual 1e-8 a gradient near zero moves its weight
 * as far as any other, in a direction that rounding decides.
 */
export function trainStep({ state, tokens_BT, rate }: StepInput) {
  const { value, grads } = tf.valueAndGrads((...weights) =>
    lossOf(weights, tokens_BT),
  )([...state.weights]);
  const mean = state.mean.map((m, i) => m.mul(0.9).add(grads[i].mul(0.1)));
  const square = state.square.map((s, i) =>
    s.mul(0.99).add(grads[i].square().mul(0.01)),
  );
  const weights = state.weights.map((w, i) =>
    w.sub(mean[i].div(square[i].sqrt().add(1e-2)).mul(rate)),
  );
  return { loss: value as tf.Scalar, state: { weights, mean, square } };
}

/** The step as tfjs runs it op by op. */
export function eagerStep(input: StepInput): ReturnType<typeof trainStep> {
  const run = () => trainStep(input) as unknown as tf.TensorContainer;
  return tf.tidy(run) as unknown as ReturnType<typeof trainStep>;
}

/** Trains and gives the losses; leaves no tensor behind. */
export async function train(
  step: (input: StepInput) => ReturnType<typeof trainStep>,
  nSteps: number,
): Promise<number[]> {
  const losses: number[] = [];
  let state = initState();
  for (let i = 0; i < nSteps; i++) {
    const tokens_BT = tokensAt(i % 4);
    const rate = tf.scalar(0.003 / (1 + i / 10));
    const after = step({ state, tokens_BT, rate });
    // Asynchronously, as WebGPU reads in no other way.
    losses.push((await after.loss.data())[0]);
    tf.dispose([state, after.loss, tokens_BT, rate] as tf.TensorContainer);
    state = after.state;
  }
  tf.dispose(state as unknown as tf.TensorContainer);
  return losses;
}
