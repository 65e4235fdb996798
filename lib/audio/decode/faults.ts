import type { AudioHeader, Damage } from "./header.ts";

/** What is wrong with a file whose sound was decoded. */
interface Faults {
  /** Why it ends too early, in words. */
  readonly cutShort?: string | undefined;
  /** Where it is not as its encoder wrote it. */
  readonly damage?: readonly Damage[];
}

/** Which of them the caller takes. */
interface Accepted {
  readonly acceptCutShort?: boolean;
  readonly acceptDamaged?: boolean;
}

/** Compares what was met, and how much was decoded, with what was promised. */
export function faultsOf(
  { cutShort, nSamples }: AudioHeader,
  found: { readonly samples: Float32Array; readonly damage: readonly Damage[] },
  most: number,
): Faults {
  const nDecoded = found.samples.length;
  const damage = found.damage.filter(({ isEnd }) => !isEnd);
  if (nDecoded === most) return { damage }; // the rest was not asked for
  const missing = `${nSamples} samples promised, ${nDecoded} decoded`;
  const isShort = nSamples !== undefined && nDecoded < nSamples;
  const isLong = nSamples !== undefined && nDecoded > nSamples;
  // Damage that was met explains what is missing.
  const isLost = (isShort && damage.length > 0) || isLong;
  return {
    damage: isLost ? [...damage, { at: 0, what: missing }] : damage,
    cutShort:
      cutShort ??
      found.damage.find(({ isEnd }) => isEnd)?.what ??
      (isShort && !isLost ? missing : undefined),
  };
}

/** Refuses a file with faults that the caller does not take. */
export function checkFaults(
  { cutShort, damage: [first] = [] }: Faults,
  { acceptCutShort = false, acceptDamaged = false }: Accepted,
): void {
  if (first && !acceptDamaged) throw damaged(first);
  if (cutShort !== undefined && !acceptCutShort) {
    throw new RangeError(
      `decodeAudio: expected a whole file, got one cut short: ${cutShort}; ` +
        "pass acceptCutShort to take what is there",
    );
  }
}

/** The error of a file that is damaged before its end. */
export function damaged({ at, what }: Damage): RangeError {
  return new RangeError(
    "decodeAudio: expected a file as its encoder wrote it, " +
      `got damage at byte ${at}: ${what}; ` +
      "fetch the file again, or pass acceptDamaged to take what decodes",
  );
}

/** A line for each kind of fault that was taken. */
export function faultNotes({ cutShort, damage = [] }: Faults): string[] {
  const [first, ...others] = damage;
  const more = others.length > 0 ? ", and elsewhere" : "";
  const line =
    first &&
    `damaged at byte ${first.at}: ${first.what}${more}; ` +
      "samples there are wrong or missing";
  return [cutShort, line].filter((note) => note !== undefined);
}
