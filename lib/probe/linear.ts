import * as tf from "@tensorflow/tfjs";

/** Rows of numbers with a class each. */
export interface Labelled {
  /** Row after row. */
  readonly features: Float32Array;
  /** Numbers of a row. */
  readonly width: number;
  /** Of each row, from 0. */
  readonly labels: readonly number[];
}

/** What a linear probe finds. */
export interface ProbeScore {
  /** Share of the test rows whose class is told. */
  readonly accuracy: number;
  /** The best constant answer's. */
  readonly majority: number;
  readonly nTrain: number;
  readonly nTest: number;
  readonly nClasses: number;
}

/**
 * A linear probe: ridge regression onto one-hot classes, the highest wins.
 *
 * It has a solution in closed form, so there is no training that could be too
 * short, no seed and no rate. Features are standardised by the training rows.
 *
 * @param penalty - of squared weights, per row; not in the paper
 * @throws RangeError for empty sets, rows of other widths, or a test class
 * that no training row has
 */
export function probe(
  train: Labelled,
  test: Labelled,
  { penalty = 1e-2 }: { readonly penalty?: number } = {},
): ProbeScore {
  check(train, test);
  const nClasses = Math.max(...train.labels) + 1;
  const predicted = tf.tidy(() => {
    const x_RE = rowsOf(train);
    const { mean, variance } = tf.moments(x_RE, 0);
    const standard = (x: tf.Tensor2D): tf.Tensor2D => {
      const scaled_RE = x.sub(mean).div<tf.Tensor2D>(variance.add(1e-8).sqrt());
      return scaled_RE.concat(tf.ones([x.shape[0], 1]), 1);
    };
    const known_RE = standard(x_RE);
    const labels = tf.tensor1d([...train.labels], "int32");
    const wanted_RC = tf.oneHot(labels, nClasses).toFloat();
    const weights_EC = ridge(known_RE, wanted_RC as tf.Tensor2D, penalty);
    const scores_RC = tf.matMul(standard(rowsOf(test)), weights_EC);
    return scores_RC.argMax(-1).dataSync();
  });
  const right = test.labels.filter((label, i) => predicted[i] === label);
  return {
    accuracy: right.length / test.labels.length,
    majority: majorityShare(train.labels, test.labels),
    nTrain: train.labels.length,
    nTest: test.labels.length,
    nClasses,
  };
}

/** The constant answer that training rows suggest, on the test rows. */
function majorityShare(
  train: readonly number[],
  test: readonly number[],
): number {
  const counts = new Map<number, number>();
  for (const label of train) counts.set(label, (counts.get(label) ?? 0) + 1);
  const [[most]] = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  return test.filter((label) => label === most).length / test.length;
}

function rowsOf({ features, labels, width }: Labelled): tf.Tensor2D {
  return tf.tensor2d(features, [labels.length, width]);
}

/** (X'X + n p I)^-1 X'Y; the products by the engine, the rest in float64. */
function ridge(
  x_RE: tf.Tensor2D,
  y_RC: tf.Tensor2D,
  penalty: number,
): tf.Tensor2D {
  const [R, E] = x_RE.shape;
  const C = y_RC.shape[1];
  const gram = Float64Array.from(tf.matMul(x_RE, x_RE, true).dataSync());
  const right = Float64Array.from(tf.matMul(x_RE, y_RC, true).dataSync());
  for (let i = 0; i < E; i++) gram[i * E + i] += R * penalty;
  solve(gram, right, { E, C });
  return tf.tensor2d(Float32Array.from(right), [E, C]);
}

/** Solves A W = B in place by Cholesky's way; A is overwritten, B becomes W. */
function solve(
  a: Float64Array,
  b: Float64Array,
  { C, E }: { readonly C: number; readonly E: number },
): void {
  for (let i = 0; i < E; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * E + j];
      for (let k = 0; k < j; k++) sum -= a[i * E + k] * a[j * E + k];
      a[i * E + j] = i === j ? Math.sqrt(sum) : sum / a[j * E + j];
    }
  }
  for (let c = 0; c < C; c++) {
    for (let i = 0; i < E; i++) {
      let sum = b[i * C + c];
      for (let k = 0; k < i; k++) sum -= a[i * E + k] * b[k * C + c];
      b[i * C + c] = sum / a[i * E + i];
    }
    for (let i = E - 1; i >= 0; i--) {
      let sum = b[i * C + c];
      for (let k = i + 1; k < E; k++) sum -= a[k * E + i] * b[k * C + c];
      b[i * C + c] = sum / a[i * E + i];
    }
  }
}

function check(train: Labelled, test: Labelled): void {
  for (const { features, labels, width } of [train, test]) {
    if (labels.length > 0 && features.length === labels.length * width)
      continue;
    throw new RangeError(
      `probe: expected ${labels.length} rows of ${width} numbers, at least ` +
        `one, got ${features.length} numbers`,
    );
  }
  const known = new Set(train.labels);
  const strange = test.labels.find((label) => !known.has(label));
  if (train.width === test.width && strange === undefined) return;
  throw new RangeError(
    `probe: expected test rows of ${train.width} numbers with classes of the ` +
      `training rows, got ${test.width} numbers` +
      `${strange === undefined ? "" : ` and class ${strange}`}`,
  );
}
