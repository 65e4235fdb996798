import type { Scale } from "./settings.ts";

/** Said wherever a smoke run shows numbers: zeros look like a result. */
const warning =
  "smoke scale, which only shows that everything runs: " +
  "what training gave here means nothing";

/** A caption that says so where a table's numbers mean nothing. */
export function captionAt(
  scale: Scale,
  caption: string | undefined,
): string | undefined {
  if (scale !== "smoke") return caption;
  return caption ? `${caption} (${warning})` : warning;
}

/** The line below a figure whose numbers mean nothing. */
export function lineAt(scale: Scale): string | undefined {
  return scale === "smoke" ? `Of this figure: ${warning}.` : undefined;
}
