/** `npm run bench -- <name>`: runs `bench/<name>.ts`. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { meant } from "../lib/cli/options.ts";

/** `npm run pal -- parity` runs the other one. */
const noBench = ["main.ts", "parity.ts"];
const known = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(".ts") && !noBench.includes(file))
  .map((file) => file.slice(0, -".ts".length));
const asksHelp = (word: string) => ["--help", "-h"].includes(word);
const [name, ...rest] = process.argv.slice(2);

/** What a bench's file says of itself at its beginning. */
function helpOf(bench: string): string {
  const text = readFileSync(join(import.meta.dirname, `${bench}.ts`), "utf8");
  const [, comment = ""] = /^\/\*\*([\s\S]*?)\*\//.exec(text) ?? [];
  return comment.replace(/^ \* ?/gm, "").trim();
}

if (name !== undefined && known.includes(name)) {
  const help = rest.some(asksHelp) ? helpOf(name) : "";
  if (help !== "") console.log(help);
  else await run(name);
} else if (name !== undefined && (asksHelp(name) || name === "help")) {
  console.log(`npm run bench -- <name>; --help after it tells more\n`);
  for (const each of known) console.log(`  ${each}`);
} else {
  const asked =
    name === undefined ? "no name" : `"${name}"${meant(name, known)}`;
  const names = known.join(", ");
  console.error(`bench: expected a name, got ${asked}; known: ${names}`);
  process.exitCode = 2;
}

async function run(bench: string): Promise<void> {
  const { run } = await import(`./${bench}.ts`);
  try {
    await run(rest);
  } catch (error) {
    // A fault with a remedy reads as a line; the trace helps only developers.
    console.error(process.env.PAL_TRACE ? error : (error as Error).message);
    process.exitCode = 1;
  }
}
