import { readFileSync } from "node:fs";
import type { Message } from "../llm/chat.ts";
import type { OpenOptions } from "../llm/weights.ts";
import { readCommandLine } from "./options.ts";

/** How the command is called. */
export const usage = `npm run pal -- ask --llm smollm2|FOLDER [options] QUESTION
npm run pal -- ask --llm smollm2|FOLDER --file F.json [options]
npm run pal -- ask --run DIR --audio FILE [QUESTION]

Asks a language model alone, by its own chat template; greedy. FOLDER is one of
a Llama-style model as Hugging Face's library writes it. With --run, asks the
design that \`npm run pal -- train\` left in DIR about a recording.

  --llm NAME      what \`npm run pal -- fetch\` brought, or a folder
  --system TEXT   system prompt; the template's own, if it has one, unless given
  --max-new N     most tokens of an answer; 128 unless given
  --weights TYPE  float32 (default), or bfloat16: half the memory, and less time
                  a token; rounds weights that are not bfloat16 in the file
  --json          the answer as {"text", "tokens"}
  --file F.json   questions as [{"system", "user"}], system may be left out; one
                  line of JSON for each answer
  --run DIR       a finished run of the toy world; its words: "What do you hear?"
  --audio FILE    what it hears: the first 2 s of a recording

PAL_ENGINE chooses the engine. Exit code: 0 fine, 1 a fault, 2 wrong options.`;

/** What is asked. */
export type AskOptions =
  | { readonly kind: "help" }
  | {
      readonly kind: "llm";
      /** A name, or a folder. */
      readonly llm: string;
      readonly conversations: readonly (readonly Message[])[];
      readonly maxNew: number;
      readonly weights: NonNullable<OpenOptions["weights"]>;
      readonly isJson: boolean;
    }
  | {
      readonly kind: "run";
      readonly run: string;
      readonly audio: string;
      readonly question: string;
      readonly isJson: boolean;
    };

const text = { type: "string" } as const;

/** Reads the command line; throws with a line that says what is wrong. */
export function readAskOptions(args: readonly string[]): AskOptions {
  const { positionals, values } = readCommandLine("ask", {
    args: [...args],
    allowPositionals: true,
    options: {
      ...{ llm: text, system: text, weights: text, file: text },
      ...{ run: text, audio: text, "max-new": text },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const { audio, file, help, json: isJson, llm, run } = values;
  if (help) return { kind: "help" };
  const [question, ...more] = positionals;
  if (more.length > 0) {
    const got = JSON.stringify(positionals);
    throw wrong("one question, in quotes", got);
  }
  if (run !== undefined || audio !== undefined) {
    const isComplete = run !== undefined && audio !== undefined;
    if (!isComplete || llm !== undefined || file !== undefined) {
      throw wrong("--run and --audio together, without --llm", line(args));
    }
    const asked = question ?? "What do you hear?";
    return { kind: "run", run, audio, question: asked, isJson };
  }
  if (llm === undefined) throw wrong("--llm, or --run and --audio", line(args));
  if ((question === undefined) === (file === undefined)) {
    throw wrong("a question, or --file", line(args));
  }
  return {
    kind: "llm",
    llm,
    conversations:
      file === undefined
        ? [messagesOf(values.system, question)]
        : questionsOf(file, values.system),
    maxNew: maxNewOf(values["max-new"] ?? "128"),
    weights: weightsOf(values.weights ?? "float32"),
    isJson: isJson || file !== undefined,
  };
}

const line = (args: readonly string[]) => `"${args.join(" ")}"`;

function wrong(wanted: string, got: string): RangeError {
  return new RangeError(
    `ask: expected ${wanted}, got ${got}; --help tells more`,
  );
}

function maxNewOf(count: string): number {
  if (/^[1-9]\d{0,5}$/.test(count)) return Number(count);
  throw wrong("--max-new as a whole number above 0", `"${count}"`);
}

function weightsOf(type: string): "float32" | "bfloat16" {
  if (type === "float32" || type === "bfloat16") return type;
  throw wrong("--weights float32 or bfloat16", `"${type}"`);
}

function messagesOf(system: string | undefined, user: string): Message[] {
  return [
    ...(system === undefined
      ? []
      : [{ role: "system", content: system } as const]),
    { role: "user", content: user },
  ];
}

/** The questions of a file; a system prompt of their own goes before. */
function questionsOf(path: string, system: string | undefined): Message[][] {
  let items: unknown;
  try {
    items = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new Error(
      `ask: expected a file of JSON, got "${(cause as Error).message}" ` +
        `(${path})`,
      { cause },
    );
  }
  const list = Array.isArray(items) ? items : [];
  if (list.length === 0) {
    throw new RangeError(
      `ask: expected a list of one question or more in ${path}, got none`,
    );
  }
  return list.map((item, i) => {
    const own = item?.system ?? system;
    const isFine =
      typeof item?.user === "string" &&
      (own === undefined || typeof own === "string");
    if (isFine) return messagesOf(own, item.user);
    throw new RangeError(
      `ask: expected {"system", "user"} as texts, ` +
        `got ${JSON.stringify(item)?.slice(0, 80)} (item ${i}, ${path})`,
    );
  });
}
