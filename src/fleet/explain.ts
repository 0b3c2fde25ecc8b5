/** Which few spots explain all failing hosts: a small hitting set over findings, largest share first. */
import type { Finding, Spot } from './findings.ts';

/** Hosts that fail with the same findings. */
export type FailingHosts = {
  readonly hosts: number;
  readonly findings: readonly Finding[];
  /** whether something is wrong with them beside their findings: no set of causes explains them */
  readonly open: boolean;
};

export type Step = {
  readonly spot: Spot;
  /** failing hosts that have a finding at this spot */
  readonly hosts: number;
  /** those of them that have no finding elsewhere: they fail by this alone */
  readonly alone: number;
  /** hosts all of whose findings are at this spot or at one of an earlier step */
  readonly together: number;
};

export type Explanation = {
  readonly steps: readonly Step[];
  /** whether it is proven that fewer spots cannot explain all hosts */
  readonly fewest: boolean;
};

/**
 * Spots such that every finding of every host is at one of them. A host counts as explained only when all its findings are:
 * who repairs half of what is wrong with a host has a host that still fails. What must be there is taken first (a finding with one
 * spot), the rest greedily by the hosts that it adds, ties by name, and what turned out not to be needed is dropped again. The least
 * possible number is not always found; where findings that share no spot are as many as the steps, it is.
 */
export function explain(failing: readonly FailingHosts[]): Explanation {
  const weights = new Map<Finding, number>();
  for (const { hosts, findings } of failing)
    for (const finding of findings) weights.set(finding, (weights.get(finding) ?? 0) + hosts);
  const findings = [...weights.keys()].sort((a, b) => (a.key < b.key ? -1 : 1));
  const chosen = needed(findings, choose(findings, weights));
  return { steps: stepsOf(chosen, failing), fewest: disjoint(findings) === chosen.length };
}

type Candidate = { readonly spot: Spot; readonly place: number; readonly findings: Finding[]; gain: number };

function choose(findings: readonly Finding[], weights: ReadonlyMap<Finding, number>): readonly Spot[] {
  const chosen = new Map<string, Spot>();
  for (const { spots } of findings) if (spots.length === 1 && spots[0]) chosen.set(spots[0].key, spots[0]);
  const open = new Set(findings.filter(({ spots }) => !spots.some((spot) => chosen.has(spot.key))));
  const gainOf = (candidate: Candidate) =>
    candidate.findings.reduce((sum, finding) => sum + (open.has(finding) ? (weights.get(finding) ?? 0) : 0), 0);
  const queue = candidatesOf([...open]);
  for (const candidate of queue) candidate.gain = gainOf(candidate);
  queue.sort(before);
  // A gain only shrinks: the first candidate is the best one as soon as its gain is up to date. Each turn takes one or moves
  // one further back with a smaller gain, and every finding has a candidate.
  while (open.size > 0) {
    const best = queue.shift();
    if (best === undefined) break;
    const gain = gainOf(best);
    if (gain === best.gain) {
      chosen.set(best.spot.key, best.spot);
      for (const finding of best.findings) open.delete(finding);
    } else if (gain > 0) {
      best.gain = gain;
      queue.splice(placeOf(queue, best), 0, best);
    }
  }
  return [...chosen.values()];
}

function candidatesOf(findings: readonly Finding[]): Candidate[] {
  const candidates = new Map<string, { spot: Spot; place: number; findings: Finding[]; gain: number }>();
  for (const finding of findings) {
    for (const [place, spot] of finding.spots.entries()) {
      const known = candidates.get(spot.key) ?? { spot, place, findings: [], gain: 0 };
      known.place = Math.min(known.place, place);
      known.findings.push(finding);
      candidates.set(spot.key, known);
    }
  }
  return [...candidates.values()];
}

/** A report names first what it would change. */
function before(a: Candidate, b: Candidate): number {
  return b.gain - a.gain || a.place - b.place || (a.spot.key < b.spot.key ? -1 : 1);
}

function placeOf(queue: readonly Candidate[], candidate: Candidate): number {
  let [low, high] = [0, queue.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = queue[middle];
    if (other !== undefined && before(other, candidate) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The spots without those whose findings all have another one among them, the latest choice dropped first. */
function needed(findings: readonly Finding[], chosen: readonly Spot[]): readonly Spot[] {
  const kept = new Set(chosen.map((spot) => spot.key));
  const at = new Map(chosen.map((spot): [string, Finding[]] => [spot.key, []]));
  for (const finding of findings) for (const { key } of finding.spots) at.get(key)?.push(finding);
  for (const { key } of chosen.toReversed()) {
    const hasOther = (finding: Finding) => finding.spots.some((spot) => spot.key !== key && kept.has(spot.key));
    if ((at.get(key) ?? []).every(hasOther)) kept.delete(key);
  }
  return chosen.filter((spot) => kept.has(spot.key));
}

/** How many findings can be picked of which no two share a spot: so many spots are needed at least. */
function disjoint(findings: readonly Finding[]): number {
  const used = new Set<string>();
  let picked = 0;
  for (const { spots } of findings.toSorted((a, b) => a.spots.length - b.spots.length)) {
    if (spots.some((spot) => used.has(spot.key))) continue;
    for (const spot of spots) used.add(spot.key);
    picked += 1;
  }
  return picked;
}

function stepsOf(chosen: readonly Spot[], failing: readonly FailingHosts[]): readonly Step[] {
  const counts = new Map(chosen.map((spot) => [spot.key, { spot, hosts: 0, alone: 0 }]));
  for (const { hosts, findings, open } of failing) {
    const here = new Set(findings.flatMap(({ spots }) => spots.map((spot) => spot.key)));
    for (const key of here) {
      const count = counts.get(key);
      if (count === undefined) continue;
      count.hosts += hosts;
      if (!open && findings.every(({ spots }) => spots.some((spot) => spot.key === key))) count.alone += hosts;
    }
  }
  const ordered = [...counts.values()].sort(
    (a, b) => b.alone - a.alone || b.hosts - a.hosts || (a.spot.key < b.spot.key ? -1 : 1),
  );
  const order = new Map(ordered.map(({ spot }, index) => [spot.key, index]));
  const complete = ordered.map(() => 0);
  for (const { hosts, findings, open } of failing) {
    if (open) continue;
    const last = Math.max(
      ...findings.map(({ spots }) => Math.min(...spots.map(({ key }) => order.get(key) ?? Number.POSITIVE_INFINITY))),
    );
    if (last in complete) complete[last] = (complete[last] ?? 0) + hosts;
  }
  let together = 0;
  return ordered.map((count, index) => {
    together += complete[index] ?? 0;
    return { ...count, together };
  });
}
