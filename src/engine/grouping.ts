/** The values by what `key` says of each, in the order in which the keys came. (Node 20 has no `Map.groupBy`.) */
export function groupedBy<K, V>(values: Iterable<V>, key: (value: V) => K): Map<K, readonly V[]> {
  const groups = new Map<K, V[]>();
  for (const value of values) {
    const name = key(value);
    const group = groups.get(name);
    if (group) group.push(value);
    else groups.set(name, [value]);
  }
  return groups;
}
