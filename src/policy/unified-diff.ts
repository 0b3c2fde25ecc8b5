/** The difference of two texts in the unified form that `diff -u` and `git diff` print. */

const CONTEXT = 3;

type Edit = { readonly sign: ' ' | '-' | '+'; readonly line: string };

/** Hunks with three lines around each change; empty for equal texts. Lines are told apart by what is in them, nothing else. */
export function unifiedDiff(before: string, after: string): string {
  const edits = editsOf(before.split('\n'), after.split('\n'));
  const isNear = edits.map((_, i) =>
    edits.slice(Math.max(0, i - CONTEXT), i + CONTEXT + 1).some(({ sign }) => sign !== ' '),
  );
  const hunks: string[] = [];
  for (let start = 0; start < edits.length; start += 1) {
    if (isNear[start] !== true) continue;
    let end = start;
    while (end < edits.length && isNear[end] === true) end += 1;
    const inside = edits.slice(start, end);
    /** of the text that has all lines but those with this sign */
    const place = (foreign: '-' | '+') => {
      const linesIn = (edits: readonly Edit[]) => edits.filter(({ sign }) => sign !== foreign).length;
      const [ahead, length] = [linesIn(edits.slice(0, start)), linesIn(inside)];
      // An empty range is named by the line before it.
      const first = length === 0 ? ahead : ahead + 1;
      return length === 1 ? `${first}` : `${first},${length}`;
    };
    hunks.push(`@@ -${place('+')} +${place('-')} @@`, ...inside.map(({ sign, line }) => `${sign}${line}`));
    start = end;
  }
  return hunks.join('\n');
}

/** How many lines are taken away and added. */
export function changedLines(before: string, after: string): number {
  return editsOf(before.split('\n'), after.split('\n')).filter(({ sign }) => sign !== ' ').length;
}

/** The longest common subsequence of what lies between equal beginnings and equal ends; removals before additions. */
function editsOf(before: readonly string[], after: readonly string[]): Edit[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head += 1;
  let tail = 0;
  while (
    tail < before.length - head &&
    tail < after.length - head &&
    before[before.length - 1 - tail] === after[after.length - 1 - tail]
  )
    tail += 1;
  const same = (line: string): Edit => ({ sign: ' ', line });
  return [
    ...before.slice(0, head).map(same),
    ...middle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...before.slice(before.length - tail).map(same),
  ];
}

function middle(before: readonly string[], after: readonly string[]): Edit[] {
  // longest[i][j]: of before from i on and after from j on
  const longest = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1));
  const at = (i: number, j: number): number => longest[i]?.[j] ?? 0;
  for (let i = before.length - 1; i >= 0; i -= 1) {
    const row = longest[i];
    if (row === undefined) continue;
    for (let j = after.length - 1; j >= 0; j -= 1)
      row[j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  }
  const edits: Edit[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const [old, fresh] = [before[i], after[j]];
    if (old !== undefined && old === fresh) {
      edits.push({ sign: ' ', line: old });
      i += 1;
      j += 1;
    } else if (old !== undefined && (fresh === undefined || at(i + 1, j) >= at(i, j + 1))) {
      edits.push({ sign: '-', line: old });
      i += 1;
    } else if (fresh !== undefined) {
      edits.push({ sign: '+', line: fresh });
      j += 1;
    }
  }
  return edits;
}
