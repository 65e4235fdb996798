/** `npm run bench -- <name>`: runs `bench/<name>.ts`. */
import { readdirSync } from "node:fs";

const known = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(".ts") && file !== "main.ts")
  .map((file) => file.slice(0, -".ts".length));
const [name, ...rest] = process.argv.slice(2);

if (name !== undefined && known.includes(name)) {
  const { run } = await import(`./${name}.ts`);
  try {
    await run(rest);
  } catch (error) {
    // A fault with a remedy reads as a line; the trace helps only developers.
    console.error(process.env.PAL_TRACE ? error : (error as Error).message);
    process.exitCode = 1;
  }
} else {
  const asked = name === undefined ? "no name" : `"${name}"`;
  console.error(`bench: expected a name, got ${asked}; known: ${known}`);
  process.exitCode = 1;
}
