import { type Random, random } from "../../lib/tensor/random.ts";

/** What people write, and what tokenizers have stumbled over. */
const written = [
  "I hear a dog bark, then a siren.",
  "Électronique: naïve café, São Paulo, Zürich",
  "1234567890 3.14 1,000,000 007 2024-11-25 12:30",
  "  two  spaces\n\nlines\t tab \r\n end  ",
  "don't can't I'll we've they're she'd it's 'tis DON'T",
  "ALLCAPS lowerCASE snake_case kebab-case x=y+2;",
  "日本語の音 中文声音 한국어 소리",
  "Привет, мир! Γειά σου Κόσμε שלום עולם مرحبا بالعالم नमस्ते",
  "½ ² ³ ⅷ Ⅷ ٣٤٥ ๑๒๓ 〇一二 ① ⑳ 𝟘𝟙 ૧૨",
  "🎻 and 🥁 👩‍👩‍👧‍👦 🇨🇭 👍🏽 ❤️",
  "e\u0301 vs é, n\u0303 vs ñ, ﬁ ligature, K (kelvin)",
  "\u00a0no-break\u2009thin\u3000wide\u200bzero\ufeffmark",
  "\u0000\u0001\u0007\u001b[31m\u007f\u0085",
  "def f(x):\n    return x**2  # comment\n\n\tif a != b: pass",
  "https://example.org/a?b=c&d=%20#e user@example.org",
  '{"key": [1, 2.5e-3, null], "nested": {"a": "\\n"}}',
  "…—–‘’“”«»¡¿§¶†‡•™©®",
  "a,b;c:d.e!f?g(h)i[j]k{l}m<n>o/p\\q|r~s`t^u",
  "x".repeat(200),
  " ".repeat(70),
  "\n".repeat(30),
  "",
  " ",
  "\n",
  "a",
] as const;

/** Ranges of Unicode to draw characters from; halves of pairs are none. */
const ranges = [
  [0x00, 0x7f],
  [0x80, 0x24f],
  [0x300, 0x36f],
  [0x370, 0x52f],
  [0x590, 0x7bf],
  [0x900, 0xdff],
  [0xe00, 0x1fff],
  [0x2000, 0x2bff],
  [0x3000, 0x9fff],
  [0xac00, 0xd7a3],
  [0xe000, 0xfdff],
  [0xfe00, 0xffff],
  [0x10000, 0x1ffff],
  [0x20000, 0x10ffff],
] as const;

const words = (
  "sound hear dog siren the a of 'll 're 12 7 3.5 violin Bell , . ! \n \t  " +
  "über naïve 音 音楽 звук صوت 🎵 ½ ٣ Ⅷ \u00a0 \u200d - _ / < > | ' \" #"
).split(" ");

/** `count` different strings, the same ones at every call. */
export function oddStrings(
  count: number,
  special: readonly string[] = [],
): readonly string[] {
  const chance = random("strings", 1);
  const found = new Set<string>(written);
  while (found.size < count) {
    const kind = chance.integer(0, 2);
    if (kind === 0) found.add(drawn(chance));
    else found.add(joined(chance, kind === 1 ? words : [...words, ...special]));
  }
  return [...found].slice(0, count);
}

function drawn(chance: Random): string {
  const [from, to] = chance.pick(ranges);
  return Array.from({ length: chance.integer(1, 24) }, () => {
    const [low, high] = chance.uniform() < 0.8 ? [from, to] : ranges[0];
    return String.fromCodePoint(chance.integer(low, high));
  }).join("");
}

function joined(chance: Random, parts: readonly string[]): string {
  return Array.from(
    { length: chance.integer(1, 16) },
    () => chance.pick(parts) + (chance.uniform() < 0.5 ? " " : ""),
  ).join("");
}
