/** The designs as data (Tables 1 and 4), and what each layer does. */
export { designOf, paperConfig } from "./design.ts";
export {
  type Descent,
  designNamed,
  earlyWindow,
  ffnSkipped,
  furtherDesigns,
  paperDesigns,
  rawAudio,
  sharedProjection,
  shieldedText,
  summaryHybrid,
  wideConnector,
} from "./designs.ts";
export {
  atDepth,
  fusedLayers,
  type LayerPlan,
  layerPlans,
} from "./layer-plan.ts";
export { changesOf, type ToldDesign, toldDesign } from "./telling.ts";
export {
  attentionOnly,
  baseline,
  delayedFusion,
  multiEncoder,
  sharedConnector,
  type Variant,
} from "./variant.ts";
