import { useEngine } from "../engine/engine.ts";
import { readSettings } from "../session/settings.ts";

/** Prints which engine is used and why. */
export async function engine(): Promise<number> {
  const { engine: asked } = readSettings(process.env);
  const { description, name } = await useEngine(asked);
  console.log(`${name}: ${description}`);
  return 0;
}
