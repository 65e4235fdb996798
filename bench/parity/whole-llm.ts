import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { openCheckpoint } from "../../lib/checkpoint/checkpoint.ts";
import { type ChatTokenizer, chatTokens } from "../../lib/llm/chat.ts";
import type { LlamaConfig } from "../../lib/llm/config.ts";
import { openGenerator } from "../../lib/llm/generate.ts";
import { openTokenizer } from "../../lib/llm/hf-tokenizer.ts";
import type { Llama } from "../../lib/llm/llama.ts";
import { openLlama } from "../../lib/llm/weights.ts";
import { disposeTensors } from "../../lib/tensor/params.ts";
import { distance, type Row } from "./compare.ts";
import { forward } from "./llama.ts";
import { oddStrings } from "./strings.ts";

const nStrings = 500;
const nNew = 40;
/**
 * Relative to the largest number of the tensor. PyTorch's own float32 is 1e-4
 * from its float64 in scores of up to 42, ours 1.3e-4 (SmolLM2 135M).
 */
const tolerances = { hidden: 1e-4, logits: 1e-5 } as const;

const chats = [
  [{ role: "user", content: "What is the capital of France?" }],
  [
    { role: "system", content: "You listen to a recording." },
    { role: "user", content: "What do you hear?" },
  ],
  [
    { role: "user", content: "Hi" },
    { role: "assistant", content: "Hello." },
    { role: "user", content: "Name 3 instruments of the string family." },
  ],
] as const;

/** What transformers made of the same folder. */
interface Answer {
  readonly version: string;
  readonly strings: readonly { ids: number[]; decoded: string }[];
  readonly chats: readonly { text: string; ids: number[] }[];
}

/**
 * Compares a whole language model with transformers on the same folder:
 * tokens of 500 strings, chat template, every layer's stream, scores, and
 * greedy tokens from the cache.
 *
 * @param python - a Python with PyTorch and transformers
 */
export async function compareLlm(
  model: string,
  python: string,
): Promise<{ readonly rows: Row[]; readonly version: string }> {
  const tokenizer = await openTokenizer(model);
  const strings = oddStrings(nStrings, [...tokenizer.special.keys()]);
  const folder = mkdtempSync(join(tmpdir(), "pal-parity-llm-"));
  try {
    const task = { model, folder, strings, chats, nNew };
    const answer = askTransformers(task, python);
    const fixture = basename(model);
    const rows = [
      ...textRows(fixture, tokenizer, { strings, answer }),
      ...(await numberRows(fixture, model, { answer, folder })),
    ];
    return { rows, version: answer.version };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function askTransformers(
  task: { readonly folder: string },
  python: string,
): Answer {
  const script = join(import.meta.dirname, "..", "python", "llm.py");
  const path = join(task.folder, "task.json");
  writeFileSync(path, JSON.stringify(task));
  const { error, status } = spawnSync(python, [script, path], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0) {
    throw new Error(
      `parity: expected transformers in ${python}, got exit ${status}; ` +
        "set PAL_PYTHON to a Python with torch and transformers",
      { cause: error },
    );
  }
  return JSON.parse(readFileSync(join(task.folder, "texts.json"), "utf8"));
}

/** How many of a list are not as they should be; 0 passes. */
function countRow(
  fixture: string,
  tensor: string,
  wrong: readonly boolean[],
): Row {
  const max = wrong.filter(Boolean).length;
  const limit = `0 of ${wrong.length}`;
  return { fixture, tensor, max, mean: max / wrong.length, limit, pass: !max };
}

function textRows(
  fixture: string,
  tokenizer: ChatTokenizer,
  {
    answer,
    strings,
  }: { readonly answer: Answer; readonly strings: readonly string[] },
): Row[] {
  const row = (name: string, wrong: readonly boolean[]) =>
    countRow(fixture, name, wrong);
  const differs = (a: readonly number[], b: readonly number[]) =>
    `${a}` !== `${b}`;
  const asked = chats.map((messages) => chatTokens(tokenizer, messages));
  return [
    row(
      "tokens",
      answer.strings.map(({ ids }, i) =>
        differs(tokenizer.encode(strings[i]), ids),
      ),
    ),
    row(
      "decoded",
      answer.strings.map(
        ({ decoded, ids }) => tokenizer.decode(ids) !== decoded,
      ),
    ),
    row(
      "chat",
      answer.chats.map(({ ids }, i) => differs(asked[i], ids)),
    ),
  ];
}

async function numberRows(
  fixture: string,
  model: string,
  { answer, folder }: { readonly answer: Answer; readonly folder: string },
): Promise<Row[]> {
  const io = await openCheckpoint(join(folder, "io.safetensors"));
  const { config, llama } = await openLlama(model);
  const rows: Row[] = [];
  try {
    for (const [i, { ids }] of answer.chats.entries()) {
      const read = (name: string) => io.read(`${i}.${name}`);
      const found = forward(
        llama,
        tf.tensor2d([ids], undefined, "int32"),
        config,
      );
      for (const [name, { values }] of found) {
        const wanted = (await read(name)).values;
        const away = distance(values, wanted);
        const most = tolerances[name === "logits" ? name : "hidden"];
        const scale = largest(wanted);
        const [max, mean] = [away.max / scale, away.mean / scale];
        const limit = `${most}, relative`;
        const pass = max <= most;
        const tensor = `${i}.${name}`;
        rows.push({ fixture, tensor, max, mean, limit, pass });
      }
      const made = await generated(llama, ids, config);
      const wanted = [...(await read("generated")).values];
      rows.push(
        countRow(
          fixture,
          `${i}.generated`,
          wanted.map((token, at) => token !== made[at]),
        ),
      );
    }
  } finally {
    disposeTensors(llama);
    await io.close();
  }
  return shortened(rows);
}

const largest = (values: ArrayLike<number>) =>
  Array.from(values).reduce((most, x) => Math.max(most, Math.abs(x)), 0);

async function generated(
  llama: Llama,
  prompt: readonly number[],
  config: LlamaConfig,
): Promise<readonly number[]> {
  const generator = openGenerator(config);
  const asked = { prompts: [prompt], heard: [] as [] };
  const [{ tokens }] = await generator
    .generate(llama, asked, { ends: [], maxNew: nNew })
    .finally(generator.dispose);
  return tokens;
}

/** Of each prompt's streams the worst one stands for all. */
function shortened(rows: readonly Row[]): Row[] {
  const worst = new Map<string, Row>();
  for (const row of rows) {
    const group = row.tensor.replace(/hidden_\d+$/, "hidden");
    const known = worst.get(group);
    if (known && known.max >= row.max) continue;
    worst.set(group, row);
  }
  return [...worst.values()];
}
