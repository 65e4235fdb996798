import { useEngine } from "../engine/engine.ts";
import { weightsLine } from "../hub/source.ts";
import { type ChatModel, openChatModel } from "../llm/chat-model.ts";
import { readSettings } from "../session/settings.ts";
import { askRun } from "../world/ask-run.ts";
import { type AskOptions, readAskOptions, usage } from "./ask-options.ts";
import { llmFolder } from "./llm-folder.ts";

type Asked<Kind> = Extract<AskOptions, { readonly kind: Kind }>;

/** Answers go to the output; all else that is said goes beside it. */
const aside = (line: string) => console.error(line);

/** Asks a language model, or a trained design about a sound. */
export async function ask(args: readonly string[]): Promise<number> {
  if (args.length === 0) {
    console.log(usage);
    return 2;
  }
  let options: AskOptions;
  try {
    options = readAskOptions(args);
  } catch (error) {
    console.error((error as Error).message);
    return 2;
  }
  if (options.kind === "help") console.log(usage);
  else if (options.kind === "run") await askTrained(options);
  else await askLlm(options);
  return 0;
}

async function askTrained(options: Asked<"run">): Promise<void> {
  await startEngine();
  const { run, text } = await askRun(options.run, options);
  console.log(options.isJson ? JSON.stringify({ text, run }) : text);
  if (!options.isJson) aside(`(${run})`);
}

async function askLlm(options: Asked<"llm">): Promise<void> {
  const folder = llmFolder(options.llm, process.env);
  await startEngine();
  const { weights } = options;
  const model = await openChatModel(folder, { weights, report: aside });
  try {
    const times: number[] = [];
    for (const messages of options.conversations) {
      times.push(...(await answerOne(model, messages, options)));
    }
    aside(`(${speedOf(times)}${weightsLine(folder)})`);
  } finally {
    model.dispose();
  }
}

async function startEngine(): Promise<void> {
  const { engine, portable } = readSettings(process.env);
  await useEngine(engine, { portable, report: aside });
}

/** Prints one answer, as it grows unless as JSON; milliseconds of its tokens. */
async function answerOne(
  model: ChatModel,
  messages: Asked<"llm">["conversations"][number],
  { isJson, maxNew }: Asked<"llm">,
): Promise<number[]> {
  const at: number[] = [];
  let shown = 0;
  const { stoppedBy, text, tokens } = await model.answer(messages, {
    maxNew,
    onText: (news) => {
      at.push(performance.now());
      shown += news.length;
      if (!isJson) process.stdout.write(news);
    },
  });
  if (isJson) console.log(JSON.stringify({ text, tokens }));
  else {
    process.stdout.write(`${text.slice(shown)}\n`);
    if (stoppedBy === "length") aside(`(cut after ${maxNew} tokens)`);
  }
  return at.slice(1).map((time, i) => time - at[i]);
}

/** Of the tokens after the first two, which read the prompt and compile. */
function speedOf(times: readonly number[]): string {
  const sorted = times.slice(1).sort((a, b) => a - b);
  if (sorted.length === 0) return "";
  const median = sorted[sorted.length >> 1];
  return `${(1000 / median).toFixed(1)} tokens/s; `;
}
