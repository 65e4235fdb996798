/** What JSON can hold. */
export type Plain =
  | null
  | boolean
  | number
  | string
  | readonly Plain[]
  | { readonly [name: string]: Plain };

/** JSON with the names of every object in order: equal values, equal text. */
export function canonicalJson(value: Plain): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(
        ([name, field]) => `${JSON.stringify(name)}:${canonicalJson(field)}`,
      );
    return `{${fields.join(",")}}`;
  }
  const isKnown = value === null || /^(boolean|string)$/.test(typeof value);
  if (isKnown || Number.isFinite(value)) return JSON.stringify(value);
  throw new TypeError(
    `canonicalJson: expected what JSON can hold, ` +
      `got ${typeof value === "number" ? value : typeof value}`,
  );
}
