// Served names that are close to one that is not: what a caller may have meant.

/** Longer ones are no typing errors, and cost more to compare. */
const lettersMax = 80;
const editsMax = 3;

/**
 * At most `count` of the names, nearest first: few letters away (swapped ones count as one), else with a long
 * beginning in common. Compares without case, and with what stands behind the prefix too.
 */
export function nearestNames(typed: string, names: readonly string[], count = 3): string[] {
  const wanted = typed.toLowerCase();
  if (wanted === '' || wanted.length > lettersMax) return [];
  const near = names.flatMap((name) => {
    const lower = name.toLowerCase();
    const bare = lower.slice(lower.indexOf('/') + 1);
    const edits = Math.min(editsBetween(wanted, lower), editsBetween(wanted, bare));
    const common = Math.max(commonStart(wanted, lower), commonStart(wanted, bare));
    // Half of a short name is no likeness.
    if (edits <= Math.min(editsMax, Math.floor(wanted.length / 3))) return [{ name, edits, common }];
    return common >= 4 && common * 2 >= wanted.length ? [{ name, edits: editsMax + 1, common }] : [];
  });
  return near
    .sort(
      (a, b) => a.edits - b.edits || b.common - a.common || a.name.length - b.name.length || (a.name < b.name ? -1 : 1),
    )
    .slice(0, count)
    .map(({ name }) => name);
}

function commonStart(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
}

/** Insertions, deletions, changes and swaps of neighbours; anything above `editsMax` is `editsMax + 1`. */
function editsBetween(a: string, b: string): number {
  const far = editsMax + 1;
  if (Math.abs(a.length - b.length) > editsMax) return far;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const changed = (last[j - 1] ?? far) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let least = Math.min(changed, (last[j] ?? far) + 1, (row[j - 1] ?? far) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, (beforeLast[j - 2] ?? far) + 1);
      row.push(least);
    }
    if (Math.min(...row) > editsMax) return far;
    [beforeLast, last] = [last, row];
  }
  return Math.min(last[b.length] ?? far, far);
}
