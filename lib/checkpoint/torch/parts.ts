import { Namespace, type Plain } from "./machine.ts";
import { isTorchTensor, type TorchTensor } from "./rebuild.ts";

/** Keys under which training programs keep the tensors of the model. */
const insides = ["state_dict", "model", "model_state_dict", "module"];

/**
 * Named tensors of a dict, or of the dict inside it that holds the model.
 *
 * @param part - which of the values that the file holds beside each other: a
 * key of its dict, or a place in its tuple, "0"
 */
export function tensorsOf(
  root: Plain,
  { name, part }: { readonly name: string; readonly part?: string | undefined },
): Map<string, TorchTensor> {
  const chosen = part === undefined ? root : partOf(root, { name, part });
  const dict = isDict(chosen) ? chosen : new Map<Plain, Plain>();
  const inside = insides.map((key) => dict.get(key)).find(isDict);
  const found = new Map<string, TorchTensor>();
  for (const [key, value] of inside ?? dict) {
    if (typeof key === "string" && isTorchTensor(value)) found.set(key, value);
  }
  if (found.size > 0) return found;
  const isPart = part === undefined ? "" : ` in part "${part}"`;
  throw new RangeError(
    `openTorch: expected a dict of tensors, or one under ` +
      `${insides.join(", ")}${isPart}, got ${describe(chosen)} (${name})` +
      (part === undefined && hasTensors(root)
        ? "; name the one to read by the option `part`"
        : ""),
  );
}

function partOf(
  root: Plain,
  { name, part }: { readonly name: string; readonly part: string },
): Plain {
  const found = partsOf(root).find(([key]) => key === part);
  if (found) return found[1];
  throw new RangeError(
    `openTorch: expected a part "${part}", got ${describe(root)} (${name})`,
  );
}

const isDict = (value: unknown): value is Map<Plain, Plain> =>
  value instanceof Map && !(value instanceof Namespace);

/** What a file holds beside each other, by key or place. */
function partsOf(root: Plain): (readonly [string, Plain])[] {
  if (Array.isArray(root)) return root.map((value, i) => [`${i}`, value]);
  if (!isDict(root)) return [];
  return [...root].flatMap(([key, value]) =>
    typeof key === "string" ? [[key, value] as const] : [],
  );
}

function hasTensors(root: Plain): boolean {
  return partsOf(root)
    .slice(0, shown)
    .some(
      ([, value]) => isDict(value) && [...value.values()].some(isTorchTensor),
    );
}

/** More parts than this are not looked into for a message. */
const shown = 20;

function describe(value: Plain): string {
  const parts = partsOf(value);
  const kind = Array.isArray(value) ? "parts" : "keys";
  if (parts.length === 0) return kindOf(value);
  const list = parts
    .slice(0, shown)
    .map(([key, inner]) => `"${key.slice(0, 80)}" (${kindOf(inner)})`);
  if (parts.length > shown) list.push(`and ${parts.length - shown} more`);
  return `${kind} ${list.join(", ")}`;
}

function kindOf(value: Plain): string {
  if (isTorchTensor(value)) return "a tensor";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (isDict(value)) {
    const tensors = [...value.values()].filter(isTorchTensor).length;
    return tensors > 0 ? `a dict of ${tensors} tensors` : "a dict of no tensor";
  }
  return value instanceof Namespace ? "settings" : "no dict";
}
