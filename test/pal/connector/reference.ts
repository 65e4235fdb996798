import type { EncoderSizes, Grid } from "../../../lib/encoder/encoder.ts";
import type { ConnectorConfig } from "../../../lib/pal/connector/config.ts";
import type { Connector } from "../../../lib/pal/connector/connector.ts";
import type {
  CrossAttention,
  EncoderReader,
  Round,
} from "../../../lib/pal/connector/cross-attention.ts";

type Vector = readonly number[];
type Matrix = readonly Vector[];
type Readable = { arraySync(): unknown };

/** What the formula says, in loops over 64-bit numbers, for one clip. */
export function connectByHand(
  { crossAttentions, projections }: Connector,
  features: readonly Matrix[],
  setting: { config: ConnectorConfig; encoders: readonly EncoderSizes[] },
): Vector[][] {
  const { query } = setting.config;
  return projections.map(({ projection_CD, second_DD }, i) => {
    const crossAttention = crossAttentions[i % crossAttentions.length];
    return grid(query).map(([step, band]) => {
      const place = { step, band, ...setting };
      const latent = readByHand(crossAttention, features, place);
      const out = times(latent, matrix(projection_CD));
      return second_DD ? times(out.map(gelu), matrix(second_DD)) : out;
    });
  });
}

interface Place {
  readonly step: number;
  readonly band: number;
  readonly config: ConnectorConfig;
  readonly encoders: readonly EncoderSizes[];
}

function readByHand(
  { latent_C, position_AC, rounds }: CrossAttention,
  features: readonly Matrix[],
  place: Place,
): Vector {
  const { band, config, step } = place;
  const normed = (x: Vector) => (config.hasNorms ? layerNorm(x) : x);
  let latent = latent_C.arraySync() as Vector;
  if (position_AC) {
    latent = plus(
      latent,
      matrix(position_AC)[step * config.query.bands + band],
    );
  }
  if (config.positions === "sin-cos") {
    const half = config.width / 2;
    latent = plus(latent, [...waves(step, half), ...waves(band, half)]);
  }
  const after = (x: Vector, change: Vector) =>
    config.hasResidual ? plus(x, change) : change;
  for (const round of rounds) {
    const q = times(normed(latent), matrix(round.query_CC));
    latent = after(latent, roundByHand(q, { round, features, place }));
    if (!round.mlp) continue;
    const hidden = times(normed(latent), matrix(round.mlp.up_CC)).map(gelu);
    latent = after(latent, times(hidden, matrix(round.mlp.down_CC)));
  }
  return latent;
}

function roundByHand(
  q: Vector,
  {
    features,
    place,
    round,
  }: { round: Round; features: readonly Matrix[]; place: Place },
): Vector {
  const { config, encoders } = place;
  const H = config.width / config.nHeads;
  const cells = round.readers.map((reader, e) =>
    cellsByHand(features[e], { reader, grid: encoders[e].grid, place }),
  );
  const heads = Array.from({ length: config.nHeads }, (_, n) => {
    const own = (x: Vector) => x.slice(n * H, (n + 1) * H);
    const scores = cells.map((of) =>
      of.map(({ key }) => dot(own(q), own(key)) / Math.sqrt(H)),
    );
    const weights =
      config.softmax === "joint"
        ? softmax(scores.flat())
        : scores.flatMap((of) => softmax(of).map((w) => w / scores.length));
    const values = cells.flat().map(({ value }) => own(value));
    return values
      .map((value, i) => value.map((x) => x * weights[i]))
      .reduce(plus);
  });
  return heads.flat();
}

function cellsByHand(
  features: Matrix,
  { grid, place, reader }: { reader: EncoderReader; grid: Grid; place: Place },
): { key: Vector; value: Vector }[] {
  const { query, hasNorms } = place.config;
  const steps = part(place.step, grid.steps, query.steps);
  const bands = part(place.band, grid.bands, query.bands);
  const widest = Math.max(
    ...Array.from(
      { length: query.bands },
      (_, j) => part(j, grid.bands, query.bands).length,
    ),
  );
  return steps.flatMap((t, u) =>
    bands.map((f, w) => {
      const feature = features[t * grid.bands + f];
      const normed = hasNorms ? layerNorm(feature) : feature;
      const x = reader.position_RE
        ? plus(normed, matrix(reader.position_RE)[u * widest + w])
        : normed;
      return {
        key: times(x, matrix(reader.key_EC)),
        value: times(x, matrix(reader.value_EC)),
      };
    }),
  );
}

function part(i: number, cells: number, parts: number): number[] {
  const found: number[] = [];
  for (let cell = 0; cell < cells; cell++) {
    // The cell and the part have more than an edge in common.
    const overlaps = cell * parts < (i + 1) * cells;
    if (overlaps && (cell + 1) * parts > i * cells) found.push(cell);
  }
  return found;
}

function grid({ bands, steps }: Grid): [number, number][] {
  return Array.from({ length: steps * bands }, (_, cell) => [
    Math.floor(cell / bands),
    cell % bands,
  ]);
}

function waves(at: number, width: number): number[] {
  const n = width / 2;
  return Array.from({ length: width }, (_, i) =>
    i < n ? Math.sin(at / 1e4 ** (i / n)) : Math.cos(at / 1e4 ** ((i - n) / n)),
  );
}

function matrix(tensor: Readable): Matrix {
  return tensor.arraySync() as Matrix;
}

function times(x: Vector, weight: Matrix): number[] {
  return weight[0].map((_, column) =>
    x.reduce((sum, value, row) => sum + value * weight[row][column], 0),
  );
}

function plus(x: Vector, y: Vector): number[] {
  return x.map((value, i) => value + y[i]);
}

function dot(x: Vector, y: Vector): number {
  return x.reduce((sum, value, i) => sum + value * y[i], 0);
}

function softmax(x: Vector): number[] {
  const powers = x.map((value) => Math.exp(value - Math.max(...x)));
  return powers.map((power) => power / powers.reduce((a, b) => a + b));
}

function layerNorm(x: Vector): number[] {
  const mean = x.reduce((a, b) => a + b) / x.length;
  const centered = x.map((value) => value - mean);
  const variance = dot(centered, centered) / x.length;
  return centered.map((value) => value / Math.sqrt(variance + 1e-5));
}

function gelu(x: number): number {
  return 0.5 * x * (1 + erf(x / Math.SQRT2));
}

/** Its Taylor series, good to 1e-9 where |x| is below 4. */
function erf(x: number): number {
  if (Math.abs(x) > 4) return Math.sign(x);
  let [sum, power] = [0, x];
  for (let n = 0; n < 80; n++) {
    sum += power / (2 * n + 1);
    power *= (-x * x) / (n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}
