/** Whether one line of a Condition block holds for a request (IAM User Guide, reference_policies_condition-logic-multiple-context-keys-or-values). */
import type { ConditionEntry } from './document.ts';
import { compareHiddenPath } from './hidden-path.ts';
import { parsePattern, type Resolved, resolvePattern } from './patterns.ts';
import { type ContextValue, lookUp, type RequestContext } from './request.ts';
import { every, not, some, type Truth, truth } from './truth.ts';

export type ConditionAnswer = {
  readonly truth: Truth;
  /** keys whose value would decide it; only of interest when the truth is unknown */
  readonly missing: readonly string[];
};

/**
 * Values of one line are alternatives; for negated operators none may match. A key that the request does not carry makes a
 * positive operator false and a negated one true; `…IfExists` and `ForAllValues` are true then, `ForAnyValue` false
 * (reference_policies_elements_condition_operators; reference_policies_condition-single-vs-multi-valued-context-keys).
 * @param variables whether the document's version knows policy variables
 */
export function evaluateCondition(entry: ConditionEntry, context: RequestContext, variables: boolean): ConditionAnswer {
  const { operator, key } = entry;
  const value = lookUp(context, key);
  if (operator.kind === 'null') return answerNull(entry, value);
  if (value === undefined || !value.known) return answerOpen(entry, value, context, variables);
  const actual = operator.set === undefined ? value.values : withoutNullData(value.values);
  if (actual === undefined || actual.length === 0) {
    if (operator.ifExists || operator.set === 'ForAllValues') return sure(true);
    // No value of the request is there to be the one that does not match.
    if (operator.set === 'ForAnyValue') return sure(false);
    return sure(operator.negated);
  }
  // "Multivalued context keys require a condition set operator"; what happens without one is not said.
  if (operator.set === undefined && actual.length > 1) return { truth: 'unknown', missing: [key] };
  const { patterns, missing } = resolveValues(entry, context, variables);
  const answers = actual.map((one) => {
    const matched = some(patterns.map((pattern) => matchOne(entry, pattern, one)));
    return operator.negated ? not(matched) : matched;
  });
  const whole = operator.set === 'ForAnyValue' ? some(answers) : every(answers);
  return { truth: whole, missing };
}

/** The values of the policy for this request, and the keys that their variables hang on. */
function resolveValues({ operator, values }: ConditionEntry, context: RequestContext, variables: boolean) {
  const { wildcards, variables: mayVary } = operator.comparison;
  const patterns = values.map((text) => resolvePattern(parsePattern(text, variables && mayVary, wildcards), context));
  const missing = new Set(patterns.flatMap((resolved) => (resolved.kind === 'unknown' ? [resolved.key] : [])));
  return { patterns, missing: [...missing] };
}

/** What can be said of a key whose value nobody knows: little, but a lone * matches it, and an ARN may be known but for its path. */
function answerOpen(
  entry: ConditionEntry,
  value: Exclude<ContextValue, { readonly known: true }> | undefined,
  context: RequestContext,
  variables: boolean,
): ConditionAnswer {
  const { operator, key } = entry;
  if (value === undefined || operator.set !== undefined) return { truth: 'unknown', missing: [key] };
  const { patterns, missing } = resolveValues(entry, context, variables);
  const matched = some(
    patterns.map((resolved): Truth => {
      if (resolved.kind === 'no-value') return 'no';
      if (resolved.kind === 'unknown') return 'unknown';
      if (value.path !== undefined) return compareHiddenPath(operator.comparison, value.path, resolved.pattern);
      const any = resolved.pattern.length > 0 && resolved.pattern.every((piece) => piece.kind === 'star');
      return any && operator.name.startsWith('String') ? 'yes' : 'unknown';
    }),
  );
  const answer = operator.negated ? not(matched) : matched;
  return { truth: answer, missing: answer === 'unknown' ? [key, ...missing] : [] };
}

function matchOne({ operator }: ConditionEntry, pattern: Resolved, value: string): Truth {
  if (pattern.kind === 'unknown') return 'unknown';
  // A variable without value is equal to nothing.
  return pattern.kind === 'ready' ? operator.comparison.compare(value, pattern.pattern) : 'no';
}

/** "true (the key doesn't exist — it is null) or false (the key exists and its value is not null)". */
function answerNull(entry: ConditionEntry, value: ContextValue | undefined): ConditionAnswer {
  const wants = (absent: boolean) => entry.values.some((wanted) => wanted.toLowerCase() === String(absent));
  if (wants(true) === wants(false)) return sure(wants(true));
  if (value === undefined) return { truth: 'unknown', missing: [entry.key] };
  if (!value.known) return sure(wants(false));
  if (value.values === undefined || value.values.length === 0) return sure(wants(true));
  // Whether an empty text is a null value is said of set operators only.
  if (value.values.every((one) => one === '')) return { truth: 'unknown', missing: [entry.key] };
  return sure(wants(false));
}

/** For a set operator a key whose value "resolves to a null dataset, such as an empty string" has none. */
function withoutNullData(values: readonly string[] | undefined): readonly string[] | undefined {
  return values?.every((one) => one === '') ? [] : values;
}

function sure(holds: boolean): ConditionAnswer {
  return { truth: truth(holds), missing: [] };
}
