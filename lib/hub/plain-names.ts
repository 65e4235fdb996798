import type { Weights } from "./weights.ts";

/** A name that stays in its folder: no slash, no dot at the start. */
const plain = /^\w[\w.-]*$/;

/** Refuses names of weights and files that would lead out of their folder. */
export function checkName(caller: string, what: string, name: string): void {
  if (plain.test(name)) return;
  throw new RangeError(
    `${caller}: expected ${what} of letters, digits, ".", "_" and "-", ` +
      `got ${JSON.stringify(name.slice(0, 80))}`,
  );
}

/** Refuses weights whose files would go elsewhere, or come from elsewhere. */
export function checkWeights(
  caller: string,
  { also = [], files, name, repository }: Weights,
): void {
  checkName(caller, "a name of weights", name);
  for (const file of [...files.flat(), ...also])
    checkName(caller, "a file's name", file);
  const parts = repository.split("/");
  if (parts.length === 2 && parts.every((part) => plain.test(part))) return;
  throw new RangeError(
    `${caller}: expected a repository as owner/name, ` +
      `got ${JSON.stringify(repository.slice(0, 80))}`,
  );
}
