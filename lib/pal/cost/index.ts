/** What a design costs, by formula. */
export {
  type Cost,
  type CostSequence,
  costOf,
  type LayerCost,
  layerCosts,
} from "./cost.ts";
