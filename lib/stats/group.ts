/** Items with the same key together, in the order in which keys appear. */
export function groupBy<X>(
  items: readonly X[],
  key: (item: X) => readonly unknown[],
): X[][] {
  const groups = new Map<string, X[]>();
  for (const item of items) {
    const name = JSON.stringify(key(item));
    const group = groups.get(name);
    if (group) group.push(item);
    else groups.set(name, [item]);
  }
  return [...groups.values()];
}
