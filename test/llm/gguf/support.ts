import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCheckpoint } from "../../../lib/checkpoint/checkpoint.ts";
import { writeGgufFolder } from "../../../lib/llm/gguf/write-folder.ts";
import { fixtures } from "../../checkpoint/support.ts";

export const ggufPath = (name: string) => join(fixtures, "gguf", name);

/** What tokenizers and transformers say of chat.gguf. */
export const chatExpected = JSON.parse(
  readFileSync(ggufPath("chat.json"), "utf8"),
) as {
  readonly strings: readonly { text: string; ids: number[]; decoded: string }[];
  readonly chats: readonly {
    messages: { role: "system" | "user"; content: string }[];
    text: string;
    ids: number[];
  }[];
  readonly answer: { readonly tokens: number[]; readonly text: string };
};

/** A new folder with the model of chat.gguf, as the kit writes it. */
export async function chatFolder(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "pal-gguf-"));
  const gguf = await openCheckpoint(ggufPath("chat.gguf"));
  try {
    await writeGgufFolder(gguf, folder);
  } finally {
    await gguf.close();
  }
  return folder;
}
