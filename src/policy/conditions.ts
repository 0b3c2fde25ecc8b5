/** Whether one line of a Condition block holds for a request (IAM User Guide, reference_policies_condition-logic-multiple-context-keys-or-values). */
import type { ConditionEntry } from './document.ts';
import { type Pattern, parsePattern, resolvePattern } from './patterns.ts';
import { lookUp, type RequestContext } from './request.ts';
import { not, some, type Truth, truth } from './truth.ts';

export type ConditionAnswer = {
  readonly truth: Truth;
  /** keys whose value would decide it; only of interest when the truth is unknown */
  readonly missing: readonly string[];
};

/**
 * Values of one line are alternatives; for negated operators none may match. A key that the request does not carry makes a
 * positive operator false and a negated one true; `…IfExists` and `ForAllValues` are true then, `ForAnyValue` false.
 * @param variables whether the document's version knows policy variables
 */
export function evaluateCondition(entry: ConditionEntry, context: RequestContext, variables: boolean): ConditionAnswer {
  const { operator, key } = entry;
  const value = lookUp(context, key);
  if (value === undefined) return { truth: 'unknown', missing: [key] };
  const actual = value.values;
  if (operator.kind === 'null') {
    // "true": the key must not be there.
    const absent = actual === undefined;
    return sure(entry.values.some((wanted) => wanted.toLowerCase() === String(absent)));
  }
  if (actual === undefined || (actual.length === 0 && operator.set !== undefined)) {
    if (operator.ifExists || operator.set === 'ForAllValues') return sure(true);
    // No value of the request is there to be the one that does not match.
    if (operator.set === 'ForAnyValue') return sure(false);
    return sure(operator.negated);
  }
  const missing = new Set<string>();
  const patterns = entry.values.map((text) => {
    const { wildcards, variables: mayVary } = operator.comparison;
    const resolved = resolvePattern(parsePattern(text, variables && mayVary, wildcards), context);
    if (resolved.kind === 'unknown') missing.add(resolved.key);
    return resolved;
  });
  const matchesAny = (one: string): Truth =>
    some(
      patterns.map((resolved) =>
        resolved.kind === 'unknown'
          ? 'unknown'
          : // A variable without value is equal to nothing.
            truth(resolved.kind === 'ready' && operator.comparison.compare(one, resolved.pattern as Pattern)),
      ),
    );
  const holdsFor = (one: string): Truth => (operator.negated ? not(matchesAny(one)) : matchesAny(one));
  const answers = actual.map(holdsFor);
  if (operator.set === 'ForAnyValue') return { truth: some(answers), missing: [...missing] };
  if (operator.set === 'ForAllValues') return { truth: not(some(answers.map(not))), missing: [...missing] };
  // A plain operator on a key of several values: "multivalued context keys require a condition set operator".
  if (actual.length > 1) return { truth: 'unknown', missing: [key] };
  return { truth: answers[0] ?? truth(operator.negated), missing: [...missing] };
}

function sure(holds: boolean): ConditionAnswer {
  return { truth: truth(holds), missing: [] };
}
