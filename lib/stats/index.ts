/** Seeds and spreads, and what they allow to be said. */
export { overSeeds, type SpreadRow } from "./spread.ts";
export { compareDesigns, compareOnTasks, type Verdict } from "./verdict.ts";
