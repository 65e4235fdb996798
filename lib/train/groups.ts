import type * as tf from "@tensorflow/tfjs";
import { namedLeaves, type Tensors } from "../tensor/params.ts";

/** Parameters that share a rate, a decay and, if they want, a clipping. */
export interface ParameterGroup {
  /** Their names begin with it: `connector`, `llama.blocks.3`; "" is all. */
  readonly names: string;
  /** Times the schedule's rate; default 1. */
  readonly rateFactor?: number;
  /** Of what decays by AdamW's settings; default those settings' own. */
  readonly weightDecay?: number;
  /**
   * Longest gradient of this group alone. Without it the group is clipped
   * together with all others that have none.
   */
  readonly maxGradientNorm?: number;
}

/** One group for all: what the paper's settings mean (appendix A.1). */
export const oneGroup: readonly ParameterGroup[] = [{ names: "" }];

/** A group with the places of its parameters among a tree's leaves. */
export interface GroupMembers {
  readonly group: ParameterGroup;
  readonly places: readonly number[];
}

/**
 * The parameters of each group; the first group that fits a name takes it.
 *
 * @throws RangeError for a parameter without a group, or a group without any
 */
export function groupParameters(
  params: Tensors,
  groups: readonly ParameterGroup[],
): GroupMembers[] {
  const names = namedLeaves(params).map(([name]) => name);
  const groupOf = names.map((name) => {
    const found = groups.findIndex((group) => isIn(group, name));
    if (found !== -1) return found;
    throw new RangeError(
      `groupParameters: expected a group for every parameter, got none for ` +
        `${name}; groups: ${listOf(groups)}`,
    );
  });
  return groups.map((group, g) => {
    const places = names.flatMap((_, i) => (groupOf[i] === g ? [i] : []));
    if (places.length === 0) {
      throw new RangeError(
        `groupParameters: expected parameters in "${group.names}", got none; ` +
          `names: ${names.slice(0, 3).join(", ")}, ...`,
      );
    }
    return { group, places };
  });
}

function isIn({ names }: ParameterGroup, name: string): boolean {
  return names === "" || name === names || name.startsWith(`${names}.`);
}

function listOf(groups: readonly ParameterGroup[]): string {
  return groups.map(({ names }) => `"${names}"`).join(", ") || "none";
}

/** The members' own of what stands for all leaves, in their order. */
export function membersOf(
  { places }: GroupMembers,
  all: readonly tf.Tensor[],
): tf.Tensor[] {
  return places.map((i) => all[i]);
}
