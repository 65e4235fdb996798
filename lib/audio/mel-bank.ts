/** Triangular filters over the bins of a spectrum, without their zeros. */
export interface MelBank {
  readonly nBands: number;
  /** First bin of each band. */
  readonly first: Int32Array;
  /** Where each band's weights begin; one more entry tells the end. */
  readonly start: Int32Array;
  readonly weights: Float64Array;
}

/** A bank from a function that gives the weight of a bin in a band. */
export function melBank(
  nBands: number,
  nBins: number,
  weightOf: (band: number, bin: number) => number,
): MelBank {
  const first = new Int32Array(nBands);
  const start = new Int32Array(nBands + 1);
  const weights: number[] = [];
  for (let band = 0; band < nBands; band++) {
    const row = Array.from({ length: nBins }, (_, bin) => weightOf(band, bin));
    const from = row.findIndex((weight) => weight > 0);
    const to = row.findLastIndex((weight) => weight > 0);
    // A band may fall between two bins: it then has no weight at all.
    first[band] = Math.max(0, from);
    if (from >= 0) weights.push(...row.slice(from, to + 1));
    start[band + 1] = weights.length;
  }
  return { nBands, first, start, weights: Float64Array.from(weights) };
}

/** Weight of a triangle that rises from `low` to 1 and falls to `high`. */
export function triangle(
  x: number,
  [low, center, high]: readonly number[],
): number {
  const rise = (x - low) / (center - low);
  const fall = (high - x) / (high - center);
  return Math.max(0, Math.min(rise, fall));
}

/** Writes each band's power into `out`. */
export function bandPowers(
  power: Float64Array,
  { first, nBands, start, weights }: MelBank,
  out: Float64Array,
): void {
  for (let band = 0; band < nBands; band++) {
    const end = start[band + 1];
    let sum = 0;
    for (let i = start[band], bin = first[band]; i < end; i++, bin++) {
      sum += weights[i] * power[bin];
    }
    out[band] = sum;
  }
}

/** `scale` times the logarithm of each band's power, never below `floor`. */
export function logBands(
  power: Float64Array,
  bank: MelBank,
  {
    at,
    floor,
    out,
    scale,
  }: {
    readonly out: Float32Array;
    readonly at: number;
    readonly floor: number;
    readonly scale: number;
  },
): void {
  const { first, nBands, start, weights } = bank;
  for (let band = 0; band < nBands; band++) {
    const end = start[band + 1];
    let sum = 0;
    for (let i = start[band], bin = first[band]; i < end; i++, bin++) {
      sum += weights[i] * power[bin];
    }
    out[at + band] = scale * Math.log(sum > floor ? sum : floor);
  }
}
