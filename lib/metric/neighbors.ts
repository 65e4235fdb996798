/** Another clip and how near it is. */
export interface Neighbor {
  /** Place among the vectors. */
  readonly index: number;
  /** Cosine of the angle between the two: 1 is the same direction. */
  readonly cosine: number;
}

/** Mean of rows that stand one after another: a clip's tokens, pooled. */
export function meanRow(
  values: ArrayLike<number>,
  width: number,
): Float64Array {
  const rows = values.length / width;
  if (!(Number.isInteger(rows) && rows > 0)) {
    throw new RangeError(
      `meanRow: expected whole rows of ${width} numbers, ` +
        `got ${values.length} numbers`,
    );
  }
  const mean = new Float64Array(width);
  for (let i = 0; i < values.length; i++) mean[i % width] += values[i] / rows;
  return mean;
}

/** Cosine of the angle between two vectors. */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) {
    throw new RangeError(
      `cosine: expected vectors of one length, got ${a.length} and ${b.length}`,
    );
  }
  let [dot, ofA, ofB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i] * b[i];
    ofA += a[i] * a[i];
    ofB += b[i] * b[i];
  }
  if (!(ofA > 0 && ofB > 0)) {
    throw new RangeError("cosine: expected vectors with a direction, got 0");
  }
  return dot / Math.sqrt(ofA * ofB);
}

/** The other vectors, nearest first; of equally near ones the earlier. */
export function neighborsOf(
  index: number,
  vectors: readonly ArrayLike<number>[],
): Neighbor[] {
  if (!(index in vectors)) {
    throw new RangeError(
      `neighborsOf: expected one of ${vectors.length} vectors, got ${index}`,
    );
  }
  return vectors
    .map((other, i) => ({ index: i, cosine: cosine(vectors[index], other) }))
    .filter((other) => other.index !== index)
    .sort((a, b) => b.cosine - a.cosine);
}

/** How often the nearest neighbor has the same label. */
export interface LabelSharing {
  readonly shared: number;
  readonly of: number;
  /** Expected number if the neighbor were any other clip. */
  readonly chance: number;
}

/** Counts the vectors whose nearest neighbor has their label. */
export function labelSharing(
  vectors: readonly ArrayLike<number>[],
  labels: readonly string[],
): LabelSharing {
  if (labels.length !== vectors.length || labels.length < 2) {
    throw new RangeError(
      `labelSharing: expected a label for each of two or more vectors, ` +
        `got ${labels.length} for ${vectors.length}`,
    );
  }
  const isShared = (i: number) =>
    labels[neighborsOf(i, vectors)[0].index] === labels[i];
  const alike = (label: string) =>
    labels.filter((other) => other === label).length - 1;
  return {
    shared: labels.filter((_, i) => isShared(i)).length,
    of: labels.length,
    chance:
      labels.reduce((sum, label) => sum + alike(label), 0) /
      (labels.length - 1),
  };
}
