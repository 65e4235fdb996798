import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { readAskOptions } from "../../lib/cli/ask-options.ts";
import { llmFolder } from "../../lib/cli/llm-folder.ts";
import { chatExpected, chatFolder } from "../llm/gguf/support.ts";

const root = resolve(import.meta.dirname, "..", "..");
const main = join(root, "lib", "cli", "main.ts");
const scratch = mkdtempSync(join(tmpdir(), "pal-ask-"));
after(() => rmSync(scratch, { recursive: true }));
const [first, second] = chatExpected.chats;
const { tokens } = chatExpected.answer;

function fileOf(content: unknown): string {
  const path = join(scratch, "questions.json");
  writeFileSync(path, JSON.stringify(content));
  return path;
}

describe("pal ask", () => {
  let folder = "";
  before(async () => {
    folder = await chatFolder();
  });
  after(() => rmSync(folder, { recursive: true }));

  function ask(...args: readonly string[]) {
    const { status, stderr, stdout } = spawnSync(
      process.execPath,
      ["--import", "tsx", main, "ask", ...args],
      {
        cwd: root,
        encoding: "utf8",
        env: { ...process.env, PAL_ENGINE: "wasm" },
      },
    );
    return { code: status, stderr, stdout };
  }

  it("prints the answer alone, and beside it on which weights it stands", () => {
    const question = first.messages[0].content;
    const { code, stderr, stdout } = ask(
      ...["--llm", folder, "--max-new", `${tokens.length}`, question],
    );
    assert.equal(code, 0, stderr);
    assert.equal(stdout, `${chatExpected.answer.text}\n`);
    assert.match(stderr, /cut after 24 tokens/);
    assert.match(stderr, /tokens\/s; weights of .*, without a note of their/);
  });

  it("answers a file's questions, a line of JSON for each", () => {
    const items = [first, second, first].map(({ messages }) => ({
      ...(messages.length > 1 ? { system: messages[0].content } : {}),
      user: messages.at(-1)!.content,
    }));
    const { code, stderr, stdout } = ask(
      ...["--llm", folder, "--file", fileOf(items)],
      ...["--max-new", `${tokens.length}`],
    );
    assert.equal(code, 0, stderr);
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.equal(lines.length, 3);
    assert.deepEqual(
      lines[0],
      chatExpected.answer && {
        text: chatExpected.answer.text,
        tokens,
      },
    );
    assert.deepEqual(lines[2], lines[0]);
    assert.notDeepEqual(lines[1], lines[0]);
  });
});

describe("ask's options", () => {
  const read = (...args: readonly string[]) => readAskOptions(args);

  it("are a question, or a file of them, with a system prompt or without", () => {
    assert.deepEqual(read("--llm", "smollm2", "Hi?"), {
      ...{ kind: "llm", llm: "smollm2", maxNew: 128, weights: "float32" },
      ...{ conversations: [[{ role: "user", content: "Hi?" }]], isJson: false },
    });
    const path = fileOf([{ user: "a" }, { system: "s", user: "b" }]);
    const asked = read("--llm", "x", "--file", path, "--system", "all");
    assert.equal(asked.kind, "llm");
    assert.deepEqual(asked.kind === "llm" && asked.conversations, [
      [
        { role: "system", content: "all" },
        { role: "user", content: "a" },
      ],
      [
        { role: "system", content: "s" },
        { role: "user", content: "b" },
      ],
    ]);
    assert.deepEqual(read("--run", "r", "--audio", "a.wav"), {
      ...{ kind: "run", run: "r", audio: "a.wav", isJson: false },
      question: "What do you hear?",
    });
  });

  for (const [args, message] of [
    [["Hi?"], /expected --llm, or --run and --audio, got "Hi\?"/],
    [["--llm", "x"], /expected a question, or --file/],
    [
      ["--llm", "x", "a", "b"],
      /expected one question, in quotes, got \["a","b"\]/,
    ],
    [["--run", "x", "a"], /expected --run and --audio together/],
    [
      ["--llm", "x", "--audio", "a", "q"],
      /--run and --audio together, without/,
    ],
    [
      ["--llm", "x", "--max-new", "0", "q"],
      /--max-new as a whole number above 0/,
    ],
    [["--llm", "x", "--weights", "int8", "q"], /--weights float32 or bfloat16/],
  ] as const) {
    it(`refuses ${args.join(" ")}`, () => {
      assert.throws(() => read(...args), message);
    });
  }

  it("names the item of a file that is no question", () => {
    const of = (content: unknown) => () =>
      read("--llm", "x", "--file", fileOf(content));
    assert.throws(of([]), /expected a list of one question or more/);
    assert.throws(of({ user: "a" }), /expected a list/);
    assert.throws(
      of([{ user: "a" }, { system: 3, user: "b" }]),
      /got \{"system":3,"user":"b"\} \(item 1, /,
    );
    assert.throws(
      () => read("--llm", "x", "--file", "none.json"),
      /none\.json/,
    );
  });

  it("say what brings a language model that is not there", () => {
    const env = { PAL_CACHE: scratch };
    assert.throws(
      () => llmFolder("smollm2", env),
      /expected the weights of smollm2 in .*, got nothing; run `npm run pal -- fetch smollm2`/,
    );
    assert.throws(
      () => llmFolder("smolm2", env),
      /got "smolm2" \(did you mean smollm2\?\); check the path/,
    );
    assert.equal(llmFolder(scratch, env), scratch);
  });
});
