/**
 * Control and invisible formatting characters: the first ones and the second
 * ones of Latin-1, line separators, and those that turn the direction of text.
 */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Surrogate}]/gu;

/** Another's text as it may be printed: short, without control characters. */
export function shown(text: string, most = 200): string {
  return text.slice(0, most).replace(unseen, "");
}
