import type { Descent } from "./designs.ts";
import { atDepth, type LayerPlan, layerPlans } from "./layer-plan.ts";
import type { Variant } from "./variant.ts";

/** A design in words and layers: what `pal.figure.designDiagram` draws. */
export interface ToldDesign extends Variant {
  readonly note: string;
  readonly layers: readonly LayerPlan[];
}

/** The fields in which designs differ. */
const fields = ["fusionLayer", "audioPath", "encoders", "connector"] as const;

/** What a design changes of the one it descends from: `connector: shared`. */
export function changesOf({ parent, variant }: Descent): string[] {
  if (parent === undefined) return [];
  return fields
    .filter((field) => written(variant[field]) !== written(parent[field]))
    .map((field) => `${field}: ${written(variant[field])}`);
}

function written(value: unknown): string {
  if (Array.isArray(value)) return value.join(", ");
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value)
    .map(([name, one]) => `${name}=${written(one)}`)
    .join(", ");
}

/**
 * A design as a diagram shows it, in a language model of `nLayers`.
 *
 * @param descent - with its parent, so that the note tells what it changes; a
 * variant alone has no note
 */
export function toldDesign(
  descent: Descent | Variant,
  nLayers: number,
): ToldDesign {
  const told: Descent = "variant" in descent ? descent : { variant: descent };
  const variant = atDepth(told.variant, nLayers);
  const before = told.knownFrom ? `as in ${told.knownFrom}` : "";
  const note = changesOf(told).join("; ") || before;
  return { ...variant, note, layers: layerPlans(variant, nLayers) };
}
