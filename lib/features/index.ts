/** What encoders made of sounds, in memory and on disk. */
export { openFeatureCache } from "./cache.ts";
export { estimateDisk, estimateLine } from "./estimate.ts";
export {
  type Features,
  featuresInMemory,
  featuresOfFiles,
} from "./features.ts";
export { failureLines, featuresOf } from "./features-of.ts";
export { identify } from "./identity.ts";
export { featuresInCache } from "./in-cache.ts";
export { featuresOnTheFly } from "./on-the-fly.ts";
export { picturesOfFiles } from "./pictures.ts";
