/** From plain JSON to a slice's elements: what fits the schema stays, what does not is named. */
import { joinElements } from '../model/join.ts';
import { SLICE_ELEMENTS } from '../model/slice-elements.ts';
import type { SliceElement, SliceName } from '../model/state.ts';

export type Decoded<N extends SliceName> = {
  readonly elements: SliceElement<N>[];
  /** one sentence part for each element that was left out: `[3] SubnetId: expected string, received number` */
  readonly faults: readonly string[];
};

/**
 * Parses elements as the AWS CLI prints them, in order, each resource once. Unknown fields and `null` are dropped; an
 * element that does not fit is left out and named, and the others are kept.
 */
export function decodeElements<N extends SliceName>(name: N, values: readonly unknown[]): Decoded<N> {
  const elements: SliceElement<N>[] = [];
  const faults: string[] = [];
  for (const [index, value] of values.entries()) {
    const result = SLICE_ELEMENTS[name].safeParse(withoutNulls(value));
    if (result.success) {
      elements.push(result.data as SliceElement<N>);
      continue;
    }
    const [issue] = result.error.issues;
    const place = issue?.path.length ? `${issue.path.join('.')}: ` : '';
    faults.push(`[${index}] ${place}${issue?.message ?? 'not valid'}`);
  }
  return { elements: joinElements(name, [elements]), faults };
}

/** Faults as sentences, only the first few of them: a wrong kind of file is wrong a thousand times. */
export function faultWarnings(source: string, faults: readonly string[]): string[] {
  const shown = faults.slice(0, MOST_FAULTS).map((fault) => `${source}${fault}; this element is left out.`);
  const more = faults.length - shown.length;
  return more > 0 ? [...shown, `${source}: ${more} more elements are left out for such reasons.`] : shown;
}

const MOST_FAULTS = 3;

/** A copy without any `null`: some tools print absent members so. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((inner) => inner !== null).map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutNulls(inner)]));
}
