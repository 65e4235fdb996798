import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { openChatModel } from "../../lib/llm/chat-model.ts";
import { startEngine } from "../use-engine.ts";
import { chatExpected, chatFolder } from "./gguf/support.ts";

const { answer, chats } = chatExpected;
const [{ messages }] = chats;

describe("openChatModel", () => {
  let folder = "";
  before(async () => {
    await startEngine();
    folder = await chatFolder();
  });
  after(() => rmSync(folder, { recursive: true }));

  // By transformers' generate: fixtures/gguf/make.py.
  it("answers with transformers' greedy tokens", async () => {
    const model = await openChatModel(folder);
    const maxNew = answer.tokens.length;
    const given = await model.answer(messages, { maxNew });
    assert.deepEqual(given, { ...answer, stoppedBy: "length" });
    model.dispose();
  });

  it("shows the answer as it grows, half characters when they are whole", async () => {
    const model = await openChatModel(folder);
    const parts: string[] = [];
    const tokens: number[] = [];
    await model.answer(messages, {
      maxNew: answer.tokens.length,
      onText: (news, token) => {
        parts.push(news);
        tokens.push(token);
      },
    });
    assert.deepEqual(tokens, answer.tokens);
    assert.ok(parts.filter(Boolean).length > 10, "in many parts");
    assert.ok(answer.text.startsWith(parts.join("").slice(0, 20)));
    model.dispose();
  });

  it("stops where the signal says so, and frees what it holds", async () => {
    const { numTensors } = tf.memory();
    const model = await openChatModel(folder);
    const stop = new AbortController();
    const asked = model.answer(messages, {
      maxNew: 24,
      signal: stop.signal,
      onText: () => stop.abort(new Error("enough")),
    });
    await assert.rejects(asked, /enough/);
    model.dispose();
    assert.equal(tf.memory().numTensors, numTensors);
  });

  it("refuses a base model, and a tokenizer of another model", async () => {
    const path = join(folder, "tokenizer_config.json");
    const config = readFileSync(path, "utf8");
    const { chat_template: _, ...base } = JSON.parse(config);
    writeFileSync(path, JSON.stringify(base));
    await assert.rejects(
      openChatModel(folder),
      /expected a model with a chat template, got one without .*; take its "Instruct"/,
    );
    writeFileSync(path, config);
    const other = join(folder, "tokenizer.json");
    const published = JSON.parse(readFileSync(other, "utf8"));
    published.model.vocab["one more"] = 360;
    writeFileSync(other, JSON.stringify(published));
    await assert.rejects(
      openChatModel(folder),
      /expected at most 360 tokens, as the weights have, got 361/,
    );
  });
});
