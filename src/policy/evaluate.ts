/** What one policy says of one request, and which statement says it. */
import { evaluateCondition } from './conditions.ts';
import type { ConditionEntry, Policy, Statement } from './document.ts';
import { matchArn, matchPattern, type Pattern, parsePattern, resolvePattern } from './patterns.ts';
import { matchPrincipal } from './principals.ts';
import type { Request } from './request.ts';
import { every, not, some, type Truth, truth } from './truth.ts';

export type Effect =
  | 'allowed'
  /** a Deny statement matches */
  | 'explicitly-denied'
  /** nothing allows it */
  | 'implicitly-denied'
  | 'unknown';

export type Because = {
  readonly element: 'Principal' | 'NotPrincipal' | 'Action' | 'NotAction' | 'Resource' | 'NotResource' | 'Condition';
  readonly truth: Truth;
  /** the line of the Condition block */
  readonly condition?: ConditionEntry | undefined;
};

export type StatementAnswer = {
  readonly statement: Statement;
  /** whether the statement applies to the request */
  readonly applies: Truth;
  /** the elements that do not match, or that nobody can tell */
  readonly because: readonly Because[];
  /** condition keys whose value would decide it, and `principal`; empty unless unknown */
  readonly missing: readonly string[];
};

export type PolicyAnswer = {
  readonly effect: Effect;
  /** the statements that decide: those that deny, else those that allow, else those on which it hangs */
  readonly deciding: readonly StatementAnswer[];
  readonly statements: readonly StatementAnswer[];
  /** condition keys whose value would decide it; empty unless the effect is unknown */
  readonly missing: readonly string[];
};

/**
 * Evaluates a policy: an explicit deny wins over any allow, and what nothing allows is denied (IAM User Guide,
 * reference_policies_evaluation-logic). A Deny statement that may apply leaves the answer unknown, unless nothing
 * could allow the request anyway.
 */
export function evaluatePolicy(policy: Policy, request: Request): PolicyAnswer {
  const statements = policy.statements.map((statement) => evaluateStatement(policy, statement, request));
  const pick = (effect: Statement['effect'], applies: Truth) =>
    statements.filter((one) => one.statement.effect === effect && one.applies === applies);
  const answer = (effect: Effect, deciding: readonly StatementAnswer[]): PolicyAnswer => ({
    effect,
    deciding,
    statements,
    missing: effect === 'unknown' ? [...new Set(deciding.flatMap((one) => one.missing))] : [],
  });
  const denials = pick('Deny', 'yes');
  if (denials.length > 0) return answer('explicitly-denied', denials);
  const allows = pick('Allow', 'yes');
  const perhapsDenied = pick('Deny', 'unknown');
  const perhapsAllowed = pick('Allow', 'unknown');
  if (allows.length > 0) return perhapsDenied.length > 0 ? answer('unknown', perhapsDenied) : answer('allowed', allows);
  if (perhapsAllowed.length > 0) return answer('unknown', [...perhapsDenied, ...perhapsAllowed]);
  return answer('implicitly-denied', []);
}

/** Whether a statement applies: every element of it must match. */
export function evaluateStatement(policy: Policy, statement: Statement, request: Request): StatementAnswer {
  const missing = new Set<string>();
  const elements: Because[] = [];
  const add = (element: Because['element'], answer: Truth) => void elements.push({ element, truth: answer });

  const principal = matchPrincipal(statement, request.principal, policy.kind);
  if (principal === 'unknown') missing.add('principal');
  if (statement.principal !== undefined) add(statement.principal.negated ? 'NotPrincipal' : 'Principal', principal);

  const { negated, patterns } = statement.actions;
  const acts = truth(patterns.some((pattern) => matchesAction(pattern, request.action)));
  add(negated ? 'NotAction' : 'Action', negated ? not(acts) : acts);

  if (statement.resources !== undefined) {
    const answers = statement.resources.patterns.map((text): Truth => {
      const pattern = parsePattern(text, policy.variables, true);
      const resolved = resolvePattern(pattern, request.context);
      if (resolved.kind === 'ready') return matchResource(resolved.pattern, pattern, request.resource, policy);
      // "The resource that includes a policy variable with no value will not match any resource."
      if (resolved.kind === 'no-value') return 'no';
      missing.add(resolved.key);
      return 'unknown';
    });
    const concerns = some(answers);
    add(
      statement.resources.negated ? 'NotResource' : 'Resource',
      statement.resources.negated ? not(concerns) : concerns,
    );
  }
  for (const entry of statement.conditions) {
    const answer = evaluateCondition(entry, request.context, policy.variables);
    if (answer.truth === 'unknown') for (const key of answer.missing) missing.add(key);
    elements.push({ element: 'Condition', truth: answer.truth, condition: entry });
  }
  const applies = every(elements.map((one) => one.truth));
  return {
    statement,
    applies,
    because: elements.filter((one) => one.truth !== 'yes'),
    missing: applies === 'unknown' ? [...missing] : [],
  };
}

export function operatorName(operator: {
  readonly name: string;
  readonly set?: string | undefined;
  readonly ifExists: boolean;
}): string {
  return `${operator.set === undefined ? '' : `${operator.set}:`}${operator.name}${operator.ifExists ? 'IfExists' : ''}`;
}

/** Actions are not case-sensitive, and know wildcards but no variables (reference_policies_elements_action). */
function matchesAction(pattern: string, action: string): boolean {
  return matchPattern(parsePattern(pattern, false, true), action, true);
}

/**
 * Whether a resource's ARN is what the pattern asks for. Two rules leave it open: a variable cannot "replace parts of the ARN
 * before the fifth colon" (reference_policies_variables), and an ARN of fewer than six fields is completed with `*`, which is
 * said of identity-based policies only, and contradicts a `*` that crosses colons (reference_identifiers).
 */
function matchResource(pattern: Pattern, written: Pattern, resource: string, policy: Policy): Truth {
  if (hasEarlyVariable(written)) return 'unknown';
  const asWritten = matchArn(pattern, resource);
  const fields = pattern.flatMap((piece) => (piece.kind === 'text' ? piece.text.split(':').slice(1) : [])).length + 1;
  const first = pattern[0];
  if (fields >= 6 || first?.kind !== 'text' || !first.text.startsWith('arn:')) return truth(asWritten);
  const missing = Array.from({ length: 6 - fields }, () => [{ kind: 'text', text: ':' }, { kind: 'star' }] as const);
  const completed = matchArn([...pattern, ...missing.flat()], resource);
  if (completed === asWritten) return truth(completed);
  // In an identity-based policy completing is the rule; elsewhere what is written is.
  return completed === (policy.kind === 'identity') ? 'yes' : 'unknown';
}

function hasEarlyVariable(pattern: Pattern): boolean {
  const variable = pattern.findIndex((piece) => piece.kind === 'variable');
  if (variable < 0) return false;
  const before = pattern.slice(0, variable).map((piece) => (piece.kind === 'text' ? piece.text : ''));
  return before.join('').split(':').length < 6;
}
