/** The smallest sets of fixes that open a target, by trying them on the model. */
import type { Fix } from '../checks/check.ts';
import type { Target } from '../model/target.ts';
import { type ModelInput, modelAfter, provable } from './proof.ts';

/** Each try evaluates the model once: where there are more subsets than this, one minimal set has to do. */
const MOST_TRIES = 128;
/** Nobody reads more alternatives than this. */
const MOST_SETS = 8;

/**
 * Sets of candidates that open a target, none of which holds another: smaller ones first, those of earlier candidates before
 * those of later ones. Where all subsets are too many to try, one set that cannot be made smaller. Empty when nothing opens it.
 */
export function smallestSets<T extends { readonly fix: Fix }>(
  input: ModelInput,
  target: Target,
  candidates: readonly T[],
): readonly (readonly T[])[] {
  const usable = candidates.filter(({ fix }) => provable(fix));
  const opens = (set: readonly T[]) =>
    modelAfter(
      input,
      target,
      set.map(({ fix }) => fix),
    ).status === 'open';
  if (usable.length === 0) return [];
  if (2 ** usable.length > MOST_TRIES) {
    const one = reduced(usable, opens);
    return one === undefined ? [] : [one];
  }
  const found: (readonly T[])[] = [];
  for (let size = 1; size <= usable.length && found.length < MOST_SETS; size++) {
    for (const set of subsets(usable, size)) {
      if (found.some((smaller) => smaller.every((one) => set.includes(one)))) continue;
      if (opens(set)) found.push(set);
    }
  }
  return found.slice(0, MOST_SETS);
}

/** All of them, then without each in turn, the last first. */
function reduced<T>(all: readonly T[], opens: (set: readonly T[]) => boolean): readonly T[] | undefined {
  if (!opens(all)) return undefined;
  let set = all;
  for (const one of [...all].reverse()) {
    const without = set.filter((other) => other !== one);
    if (without.length > 0 && opens(without)) set = without;
  }
  return set;
}

/** Subsets of one size, in the order of their elements. */
function subsets<T>(items: readonly T[], size: number): (readonly T[])[] {
  if (size === 0) return [[]];
  return items.flatMap((item, i) => subsets(items.slice(i + 1), size - 1).map((rest) => [item, ...rest]));
}
