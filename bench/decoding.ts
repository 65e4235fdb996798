/**
 * `npm run bench -- decoding [rounds]`: milliseconds a token of greedy answers
 * at 135 M and 1.24 G parameters, here and in transformers; with `--llm NAME`
 * of a language model that was fetched, or its folder.
 *
 * Both load the same random weights; each contender has a process of its own.
 * transformers is looked for in the Python that `PAL_PYTHON` names. Needs
 * 2.5 GB of disk for a while, 12 GiB of free memory and about two minutes a
 * round.
 */
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { llmFolder } from "../lib/cli/llm-folder.ts";
import { weightsLine } from "../lib/hub/source.ts";
import { chatTokens } from "../lib/llm/chat.ts";
import type { LlamaConfig } from "../lib/llm/config.ts";
import { openTokenizer } from "../lib/llm/hf-tokenizer.ts";
import { keep, type Row, rowOf, tableOf } from "./decoding/report.ts";
import { type Measurement, sizes, type Task } from "./decoding/tasks.ts";
import { load, machine } from "./engine/report.ts";
import { writeLlama } from "./full-size/weights.ts";
import { textTable } from "./step/report.ts";

/** Of the bandwidth, in float32. */
const shareGoal = 0.8;
const nNew = 40;
const anyPrompt = Array.from({ length: 16 }, (_, i) => 1 + 997 * i);
const question = "Name some instruments, and say how each of them sounds.";

const contenders = [
  { contender: "pal-lab", dtype: "float32", measure: ours },
  { contender: "pal-lab", dtype: "bfloat16", measure: ours },
  { contender: "transformers", dtype: "float32", measure: theirs },
  { contender: "transformers", dtype: "bfloat16", measure: theirs },
] as const;

function ours(task: Task): Measurement {
  const script = join(import.meta.dirname, "decoding", "child.ts");
  return runScript(process.execPath, ["--import", "tsx", script], task);
}

function theirs(task: Task): Measurement {
  const script = join(import.meta.dirname, "python", "decoding.py");
  return runScript(process.env.PAL_PYTHON ?? "python3", [script], task);
}

function runScript(program: string, start: string[], task: Task): Measurement {
  const child: SpawnSyncReturns<string> = spawnSync(
    program,
    [...start, JSON.stringify(task)],
    { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
  );
  if (child.status === 0) return JSON.parse(child.stdout.trim());
  throw new Error(
    `decoding: expected an answer of ${program}, ` +
      `got exit ${child.status ?? child.signal}`,
    { cause: child.error },
  );
}

function measureSize(config: LlamaConfig, rounds: number): Row[] {
  const folder = mkdtempSync(join(tmpdir(), "pal-lab-decoding-"));
  try {
    writeLlama(folder, config);
    const task = { folder, prompt: anyPrompt };
    return measureFolder(config.name, { rounds, task });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function measureFolder(
  size: string,
  {
    rounds,
    task,
  }: {
    readonly rounds: number;
    readonly task: Pick<Task, "folder" | "prompt">;
  },
): Row[] {
  const all = Array.from({ length: rounds }, () =>
    contenders.map(({ dtype, measure }) => measure({ ...task, dtype, nNew })),
  );
  return contenders.map(({ contender, dtype }, i) => {
    const answers = all.map((answers) => answers[i]);
    return rowOf({ size, contender, dtype }, answers);
  });
}

function rowNamed(
  rows: readonly Row[],
  contender: Row["contender"],
  dtype: Row["dtype"],
): Row {
  return rows.find(
    (row) => row.contender === contender && row.dtype === dtype,
  )!;
}

/** Refuses other tokens in float32; says how far bfloat16's go along. */
function agreement(rows: readonly Row[]): string {
  const mine = rowNamed(rows, "pal-lab", "float32");
  const parting = (row: Row) =>
    row.tokens.findIndex((token, i) => token !== mine.tokens[i]);
  const float32 = rowNamed(rows, "transformers", "float32");
  const at = parting(float32);
  if (at !== -1) {
    throw new Error(
      `decoding: expected transformers' tokens in float32, got ` +
        `${mine.tokens[at]} for ${float32.tokens[at]} at ${at} ` +
        `(${mine.size}); nothing was kept`,
    );
  }
  const until = (contender: Row["contender"]) => {
    const other = parting(rowNamed(rows, contender, "bfloat16"));
    return other === -1 ? "all of them" : `until ${other}`;
  };
  const nKinds = new Set(mine.tokens).size;
  return (
    `${mine.size}: the same ${nNew} tokens in float32, ${nKinds} of them ` +
    `different; with weights in bfloat16 ours gives ${until("pal-lab")}, ` +
    `transformers in bfloat16 ${until("transformers")}`
  );
}

/** @param best - the fastest sum of the whole run, GB/s */
function verdictOf(rows: readonly Row[], best: number): string[] {
  const percent = (x: number) => `${(100 * x).toFixed(0)} %`;
  const speeds = (["float32", "bfloat16"] as const).map((dtype) => {
    const mine = rowNamed(rows, "pal-lab", dtype);
    const theirs = rowNamed(rows, "transformers", dtype);
    const share = mine.gigabytesPerSecond / best;
    const beside = Math.max(...mine.bandwidths);
    const goal =
      dtype === "float32"
        ? `; goal ${percent(shareGoal)} ${share >= shareGoal ? "met" : "missed"}`
        : "";
    return (
      `${mine.size}, ${dtype}: ${(theirs.min / mine.min).toFixed(2)} x ` +
      `transformers by minima, ${(theirs.median / mine.median).toFixed(2)} by ` +
      `medians; ${percent(share)} of the fastest sum, ${best.toFixed(1)} GB/s, ` +
      `${percent(mine.gigabytesPerSecond / beside)} of the fastest in the ` +
      `same processes, ${beside.toFixed(1)}${goal}`
    );
  });
  return [agreement(rows), ...speeds];
}

/** What a run measured, model by model, and on which weights. */
interface Measured {
  readonly name: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly bySize: readonly Row[][];
}

function measureSizes(rounds: number): Measured {
  const bySize = sizes.map((config) => measureSize(config, rounds));
  return { name: "decoding", facts: {}, bySize };
}

async function measureLlm(named: string, rounds: number): Promise<Measured> {
  const folder = llmFolder(named, process.env);
  const tokenizer = await openTokenizer(folder);
  const asked = [{ role: "user", content: question } as const];
  const task = { folder, prompt: chatTokens(tokenizer, asked) };
  const name = basename(folder);
  return {
    name: `decoding-${name}`,
    facts: { weights: weightsLine(folder) },
    bySize: [measureFolder(name, { rounds, task })],
  };
}

export async function run(args: readonly string[]): Promise<void> {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { llm: { type: "string" } },
  });
  const [rounds = "2"] = positionals;
  const started = load();
  const { bySize, facts, name } = values.llm
    ? await measureLlm(values.llm, Number(rounds))
    : measureSizes(Number(rounds));
  const rows = bySize.flat();
  const best = Math.max(...rows.flatMap(({ bandwidths }) => bandwidths));
  const verdict = bySize.flatMap((rows) => verdictOf(rows, best));
  console.log(textTable(tableOf(rows)));
  for (const line of verdict) console.log(line);
  const versions = Object.fromEntries(
    rows.map(({ contender, description }) => [contender, description]),
  );
  const loads = `${started} to ${load()}, ${rounds} rounds`;
  const all = { ...machine(), load: loads, ...facts, ...versions };
  console.log(`kept in ${keep(name, { facts: all, verdict, rows })}`);
}
