import type { Reply } from "./request.ts";

/** A list of files is a few kilobytes. */
const longest = 8 * 2 ** 20; // bytes

/** The text of an answer that was asked of `url`. */
export async function readText(
  caller: string,
  { chunks }: Pick<Reply, "chunks">,
  url: string,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of chunks) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > longest) {
      throw new Error(
        `${caller}: expected at most ${longest} bytes of text, got more (${url})`,
      );
    }
  }
  return text + decoder.decode();
}
