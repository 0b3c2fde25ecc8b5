/** "Did you mean": the known words nearest to one that is not known. */

/**
 * The candidates nearest to a word, best first, at most `limit`: those that begin with it or continue it at a dot or dash,
 * and those within a third of its length in edits. Empty when nothing is near.
 */
export function nearest(word: string, candidates: Iterable<string>, limit = 3): string[] {
  const wanted = word.trim().toLowerCase();
  if (wanted.length < 2 || wanted.length > 64) return [];
  const allowed = Math.max(1, Math.floor(wanted.length / 3));
  const near = [...new Set(candidates)]
    .map((candidate) => ({ candidate, distance: isRelated(wanted, candidate) ? 1 : editDistance(wanted, candidate) }))
    .filter(({ distance }) => distance <= allowed)
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1));
  const best = near[0]?.distance ?? 0;
  return near
    .filter(({ distance }) => distance <= best + 1)
    .slice(0, limit)
    .map(({ candidate }) => candidate);
}

function isRelated(word: string, candidate: string): boolean {
  const [short, long] = word.length < candidate.length ? [word, candidate] : [candidate, word];
  return short.length > 1 && long.startsWith(short) && (long === short || /[.-]/.test(long.charAt(short.length)));
}

/** Optimal string alignment distance: insertions, deletions, replacements and swaps of neighbours count one each. */
export function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? 0;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Infinity;
      row.push(Math.min(at(i - 1, j) + 1, (row[j - 1] ?? 0) + 1, replaced, swapped));
    }
  }
  return at(a.length, b.length);
}
