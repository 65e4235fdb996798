import type { StoredTensor } from "../../lib/checkpoint/checkpoint.ts";
import { bicubicKind, htsatKind, sslamKind } from "./encoders.ts";
import {
  type Fixture,
  type Kind,
  type Tolerance,
  withFixture,
} from "./fixture.ts";
import { clapMelKind, fbankKind, resampleKind } from "./front-ends.ts";
import { llamaKind } from "./llama.ts";
import { aisfxKind, aisfxMelKind, musicnnKind } from "./packages.ts";

/** One output of one fixture against the stored one. */
export interface Row {
  readonly fixture: string;
  readonly tensor: string;
  readonly max: number;
  readonly mean: number;
  readonly limit: string;
  readonly pass: boolean;
  /** Why there are no numbers. */
  readonly fault?: string;
}

const kinds: readonly Kind[] = [
  sslamKind,
  htsatKind,
  llamaKind,
  fbankKind,
  clapMelKind,
  resampleKind,
  bicubicKind,
  aisfxKind,
  aisfxMelKind,
  musicnnKind,
];

/** Rows of one fixture; what goes wrong with it is a row as well. */
export async function compareFixture(
  name: string,
  folder: string,
): Promise<Row[]> {
  try {
    return await withFixture(folder, (fixture) => compare(name, fixture));
  } catch (error) {
    const [fault] = (error as Error).message.split("\n");
    return [failed(name, "-", fault)];
  }
}

async function compare(name: string, fixture: Fixture): Promise<Row[]> {
  const kind = kinds.find(({ isOf }) => isOf(fixture));
  if (!kind) {
    const known = kinds.map((kind) => kind.name).join(", ");
    const tensors = [...fixture.io.keys()].join(", ");
    return [failed(name, "-", `unknown kind (${tensors}); known: ${known}`)];
  }
  const outputs = await kind.run(fixture);
  const expected = [...fixture.io].filter(
    ([tensor]) => !kind.inputs.includes(tensor),
  );
  if (expected.length === 0) return [failed(name, "-", "nothing to compare")];
  return expected.map(([tensor, wanted]) => {
    const got = outputs.get(tensor);
    if (!got) return failed(name, tensor, `${kind.name} has no such output`);
    if (`${got.shape}` !== `${wanted.shape}`) {
      const shapes = `expected shape [${wanted.shape}], got [${got.shape}]`;
      return failed(name, tensor, shapes);
    }
    return {
      fixture: name,
      tensor,
      ...judge(got, wanted, kind.tolerance(tensor)),
    };
  });
}

function failed(fixture: string, tensor: string, fault: string): Row {
  return {
    fixture,
    tensor,
    max: NaN,
    mean: NaN,
    limit: "",
    pass: false,
    fault,
  };
}

function judge(
  got: StoredTensor,
  wanted: StoredTensor,
  tolerance: Tolerance,
): Omit<Row, "fixture" | "tensor"> {
  const { max, mean } = distance(got.values, wanted.values);
  const limit =
    tolerance.mean === undefined
      ? `${tolerance.max}`
      : `${tolerance.max}, mean ${tolerance.mean}`;
  const pass = max <= tolerance.max && mean <= (tolerance.mean ?? Infinity);
  return { max, mean, limit, pass };
}

/** NaN anywhere makes both NaN, and nothing passes. */
export function distance(
  got: ArrayLike<number>,
  wanted: ArrayLike<number>,
): { max: number; mean: number } {
  let max = 0;
  let sum = 0;
  for (let i = 0; i < wanted.length; i++) {
    const away = Math.abs(got[i] - wanted[i]);
    if (!(away <= max)) max = away;
    sum += away;
  }
  const isWhole = Number.isFinite(sum);
  const mean = wanted.length === 0 ? 0 : sum / wanted.length;
  return { max: isWhole ? max : NaN, mean };
}
