import type { RawConfig } from "../checkpoint/config-fields.ts";

/**
 * A tokenizer.json in which digits are split as the original program does.
 *
 * @huggingface/tokenizers 0.2.0 takes 0 to 9 alone for digits, the original
 * every character of Unicode's numbers: ², ½, Ⅷ, ٣. A split at a pattern says
 * the same to both.
 */
export function withUnicodeDigits(published: RawConfig): RawConfig {
  const { pre_tokenizer } = published;
  return { ...published, pre_tokenizer: mended(pre_tokenizer) };
}

function mended(step: unknown): unknown {
  if (typeof step !== "object" || step === null) return step;
  const { individual_digits, pretokenizers, type } = step as RawConfig;
  if (type === "Sequence" && Array.isArray(pretokenizers)) {
    return { ...step, pretokenizers: pretokenizers.map(mended) };
  }
  if (type !== "Digits") return step;
  return {
    type: "Split",
    pattern: { Regex: individual_digits ? "\\p{N}" : "\\p{N}+" },
    behavior: "Isolated",
    invert: false,
  };
}
