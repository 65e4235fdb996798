import {
  type Checkpoint,
  openCheckpoint,
} from "../../checkpoint/checkpoint.ts";

/** How far a part of a model is from where it was. */
export interface MovementRow {
  /** Where its tensors' names begin: `llama.blocks.3`. */
  readonly part: string;
  readonly numbers: number;
  /** Norms of the part as one vector, and of the difference. */
  readonly before: number;
  readonly after: number;
  readonly moved: number;
  /** The difference in percent of the norm before. */
  readonly percent: number;
}

/**
 * Compares two files of weights, part by part.
 *
 * A part is a name up to its first number, so that each layer is one. Where
 * not one number differs, `moved` is 0 exactly.
 *
 * @throws RangeError where the two have not the same tensors
 */
export async function movementRows(
  before: string,
  after: string,
): Promise<MovementRow[]> {
  const files: Checkpoint[] = [];
  try {
    for (const path of [before, after]) files.push(await openCheckpoint(path));
    const [one, other] = files;
    checkSame(one, other);
    const sums = new Map<string, Sums>();
    for (const name of one.tensors.keys()) {
      const sum = sumsOf(sums, partOf(name));
      const [a, b] = [await one.read(name), await other.read(name)];
      add(sum, a.values, b.values);
    }
    return [...sums].map(([part, sum]) => rowOf(part, sum));
  } finally {
    for (const file of files) await file.close();
  }
}

interface Sums {
  numbers: number;
  before: number;
  after: number;
  moved: number;
}

function sumsOf(sums: Map<string, Sums>, part: string): Sums {
  const known = sums.get(part);
  if (known) return known;
  const made = { numbers: 0, before: 0, after: 0, moved: 0 };
  sums.set(part, made);
  return made;
}

type Numbers = ArrayLike<number>;

function add(sums: Sums, before: Numbers, after: Numbers): void {
  sums.numbers += before.length;
  for (let i = 0; i < before.length; i++) {
    sums.before += before[i] ** 2;
    sums.after += after[i] ** 2;
    sums.moved += (after[i] - before[i]) ** 2;
  }
}

function rowOf(part: string, sums: Sums): MovementRow {
  const before = Math.sqrt(sums.before);
  const moved = Math.sqrt(sums.moved);
  return {
    part,
    numbers: sums.numbers,
    before,
    after: Math.sqrt(sums.after),
    moved,
    percent: moved === 0 ? 0 : (100 * moved) / before,
  };
}

/** `llama.blocks.3.down_WD` is part of `llama.blocks.3`. */
function partOf(name: string): string {
  return /^.*?\.\d+(?=\.)/.exec(name)?.[0] ?? name;
}

function checkSame(one: Checkpoint, other: Checkpoint): void {
  const shapesOf = ({ tensors }: Checkpoint) =>
    [...tensors].map(([name, { shape }]) => `${name} [${shape}]`);
  const [wanted, found] = [shapesOf(one), new Set(shapesOf(other))];
  const missing = wanted.find((tensor) => !found.has(tensor));
  if (missing === undefined && wanted.length === found.size) return;
  throw new RangeError(
    `movementRows: expected the same tensors in both files, got ` +
      `${wanted.length} (${one.name}) and ${found.size} (${other.name})` +
      `${missing ? `, without ${missing}` : ""}`,
  );
}
