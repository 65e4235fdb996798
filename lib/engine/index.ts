/** The tensor engines, and steps as graphs. */
export { type Carried, type Compiled, compile } from "./compile.ts";
export {
  currentEngine,
  type Engine,
  type EngineRequest,
  useEngine,
} from "./engine.ts";
export type { Numerics } from "./numerics.ts";
