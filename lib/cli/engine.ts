import { useEngine } from "../engine/engine.ts";
import { readSettings } from "../session/settings.ts";
import { readCommandLine } from "./options.ts";

const usage = `npm run pal -- engine

Prints which engine is used here and why. PAL_ENGINE asks for one by name: auto,
tensorflow, tensorflow-gpu, webgpu, wasm. Exit code: 0 fine, 1 if it cannot be
had, 2 wrong options.`;

/** Prints which engine is used and why. */
export async function engine(args: readonly string[] = []): Promise<number> {
  try {
    const options = { help: { type: "boolean", short: "h" } } as const;
    const { values } = readCommandLine("engine", { args: [...args], options });
    if (values.help) {
      console.log(usage);
      return 0;
    }
  } catch (error) {
    console.error((error as Error).message);
    return 2;
  }
  const { engine: asked, portable } = readSettings(process.env);
  const { description, name, numerics } = await useEngine(asked, { portable });
  console.log(`${name}: ${description}, ${numerics.instructions}`);
  return 0;
}
