/**
 * `npm run bench -- golden save|check`: losses of every design at fixed seeds,
 * one step a line, and whether they come out again.
 *
 * A change that should not alter results must leave every line as it is. Other
 * processors, threads and settings give other bits, so the file begins with
 * them and stays on this machine, in `.pal/golden`.
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { useEngine } from "../lib/engine/engine.ts";
import type { Numerics } from "../lib/engine/numerics.ts";
import { writeWhole } from "../lib/files/atomic.ts";
import { designLines } from "./golden/designs.ts";
import { differences, largestShift, linesIn, textOf } from "./golden/lines.ts";
import { toyLines } from "./golden/toy.ts";

const file = join(import.meta.dirname, "..", ".pal", "golden", "losses.txt");

async function linesNow(): Promise<string> {
  // Not what set-up measured: that may have changed since losses were kept.
  process.env.TF_ENABLE_ONEDNN_OPTS ??= "1";
  const engine = await useEngine("auto", { report: () => {} });
  const facts = [`# ${engine.description}`, `# ${factsOf(engine.numerics)}`];
  const lines = [...(await designLines()), ...(await toyLines())];
  return `${facts.join("\n")}\n${textOf(lines)}`;
}

const factsOf = (numerics: Numerics) =>
  Object.entries(numerics)
    .map(([name, value]) => `${name}: ${value}`)
    .join(", ");

function save(text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeWhole(file, text);
  console.log(`golden: ${countLines(text)} lines kept in ${file}`);
}

function check(text: string): void {
  const kept = readFileSync(file, "utf8");
  const headOf = (of: string) =>
    of.split("\n").filter((line) => line.startsWith("#"));
  if (headOf(kept).join() !== headOf(text).join()) {
    throw new Error(
      `golden: expected a run like the kept one, ${headOf(kept).join("; ")}, ` +
        `got ${headOf(text).join("; ")}; save anew from the commit before`,
    );
  }
  const found = differences(kept, text);
  if (found.length === 0) {
    console.log(`golden: all ${countLines(text)} lines come out again`);
    return;
  }
  for (const { kept, line, now } of found.slice(0, 20)) {
    console.error(`  ${line}: kept ${kept}, now ${now}`);
  }
  const shift = largestShift(found);
  console.error(
    `golden: expected every line as kept, got ${found.length} others; ` +
      `largest relative difference ${shift?.toExponential(1) ?? "not a number"}`,
  );
  process.exitCode = 1;
}

const countLines = (text: string) => linesIn(text).length;

export async function run([what]: readonly string[]): Promise<void> {
  if (what !== "save" && what !== "check") {
    throw new RangeError(
      `golden: expected save or check, got ${what ?? "neither"}`,
    );
  }
  if (what === "check" && !existsSync(file)) {
    throw new Error(
      `golden: expected losses in ${file}, got none; run ` +
        "`npm run bench -- golden save` on the commit before the change",
    );
  }
  const text = await linesNow();
  if (what === "save") save(text);
  else check(text);
}
