import { nearestName } from "../../metric/nearest-name.ts";

/** Which activations: names, `*` for any part of one, or a test. */
export type HookSelection =
  | string
  | RegExp
  | ((name: string) => boolean)
  | readonly (string | RegExp)[];

/**
 * The known names that a selection means.
 *
 * @throws RangeError for a name or pattern that means none, with near names
 */
export function selectHooks(
  known: readonly string[],
  selection: HookSelection,
): string[] {
  if (typeof selection === "function") {
    return [...refuseNone(known.filter(selection), "the given test", known)];
  }
  const parts: readonly (string | RegExp)[] =
    typeof selection === "string" || selection instanceof RegExp
      ? [selection]
      : selection;
  const chosen = new Set(
    parts.flatMap((part) => {
      const matches = matcher(part);
      return refuseNone(known.filter(matches), `${part}`, known);
    }),
  );
  return known.filter((name) => chosen.has(name));
}

function matcher(part: string | RegExp): (name: string) => boolean {
  if (typeof part === "string" && !part.includes("*")) {
    return (name) => name === part;
  }
  const pattern =
    typeof part === "string"
      ? new RegExp(`^${part.split("*").map(literally).join(".*")}$`)
      : part;
  // `search` does not move a global pattern on.
  return (name) => name.search(pattern) !== -1;
}

/** A text that a regular expression matches as it stands. */
function literally(text: string): string {
  return text.replace(/[.+?^${}()|[\]\\]/g, "\\$&");
}

function refuseNone(
  found: readonly string[],
  asked: string,
  known: readonly string[],
): readonly string[] {
  if (found.length > 0) return found;
  const near = nearestName(asked, known) ?? known.slice(0, 3).join(", ");
  throw new RangeError(
    `selectHooks: expected a name among ${known.length} hooks, ` +
      `got ${asked}; near: ${near}`,
  );
}

/**
 * The full name of a hook: `resid_post` of layer 2 is
 * `blocks.2.hook_resid_post`, of layer -1 the last layer's; `hook_in` and
 * `hook_out` are the stream before and after.
 */
export function hookName(
  known: readonly string[],
  name: string,
  layer?: number,
): string {
  if (layer === undefined) return selectHooks(known, name)[0];
  const layers = known.map((of) => /^blocks\.(\d+)\./.exec(of)?.[1] ?? -1);
  const nLayers = 1 + Math.max(...layers.map(Number));
  const l = layer < 0 ? nLayers + layer : layer;
  if (!(l >= 0 && l < nLayers)) {
    throw new RangeError(
      `hookName: expected a layer in 0..${nLayers - 1}, or from the end ` +
        `in -${nLayers}..-1, got ${layer} ("${name}")`,
    );
  }
  const alias = { hook_in: "resid_pre", hook_out: "resid_post" }[name] ?? name;
  const short = alias.replace(/^hook_/, "");
  const found = ["", "attn.", "mlp."]
    .map((part) => `blocks.${l}.${part}hook_${short}`)
    .find((full) => known.includes(full));
  return found ?? selectHooks(known, `blocks.${l}.hook_${short}`)[0];
}
