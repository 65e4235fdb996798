import type { RawConfig } from "../checkpoint/config-fields.ts";

/**
 * A tokenizer.json in which a byte that no token stands for falls out before
 * pairs are joined, as in the original program.
 *
 * @huggingface/tokenizers 0.2.0 lets it stand between its neighbours until
 * they can not be joined any more. SmolLM2 lacks 21 bytes, of which a text can
 * hold eight: control characters, and the first bytes of some planes.
 */
export function withoutMissingBytes(published: RawConfig): RawConfig {
  const { model, pre_tokenizer } = published as {
    readonly model?: RawConfig | null;
    readonly pre_tokenizer?: RawConfig | null;
  };
  const { byte_fallback, type, unk_token, vocab } = model ?? {};
  const isPlain = type === "BPE" && !byte_fallback && !unk_token;
  if (!isPlain || !hasByteLevel(pre_tokenizer)) return published;
  const missing = byteCharacters().filter(
    (character) => !Object.hasOwn(vocab ?? {}, character),
  );
  if (missing.length === 0) return published;
  const codes = missing.map((character) => {
    const code = character.charCodeAt(0).toString(16).padStart(4, "0");
    return `\\u${code}`;
  });
  const pattern = { Regex: `[${codes.join("")}]` };
  const drop = { type: "Replace", pattern, content: "" };
  const pretokenizers = [pre_tokenizer, drop];
  return { ...published, pre_tokenizer: { type: "Sequence", pretokenizers } };
}

function hasByteLevel(step: unknown): boolean {
  const { pretokenizers, type } = (step ?? {}) as RawConfig;
  if (Array.isArray(pretokenizers)) return pretokenizers.some(hasByteLevel);
  return type === "ByteLevel";
}

/**
 * The character that stands for each byte: itself where it can be seen, else
 * one from 256 on, in their order (GPT-2's encoder.py).
 */
function byteCharacters(): string[] {
  const isSeen = (byte: number) =>
    (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  let unseen = 256;
  return Array.from({ length: 256 }, (_, byte) =>
    String.fromCharCode(isSeen(byte) ? byte : unseen++),
  );
}
