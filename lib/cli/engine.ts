import { useEngine } from "../engine/engine.ts";
import { readSettings } from "../session/settings.ts";

/** Prints which engine is used and why. */
export async function engine(): Promise<number> {
  const { engine: asked, portable } = readSettings(process.env);
  const { description, name, numerics } = await useEngine(asked, { portable });
  console.log(`${name}: ${description}, ${numerics.instructions}`);
  return 0;
}
