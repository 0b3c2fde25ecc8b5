/** Why a policy decides as it does: the statement, its condition, and both values, as clauses of a sentence. */
import { capital } from '../../model/text.ts';
import type { ConditionEntry, Statement } from '../../policy/document.ts';
import { operatorName, type PolicyAnswer, type StatementAnswer } from '../../policy/evaluate.ts';
import { reasonsOf } from '../../policy/reasons.ts';
import { lookUp, type Request } from '../../policy/request.ts';

/** `statement 2 (OnlyHome)`, counted from one as people count. */
export function statementName({ index, sid }: Pick<Statement, 'index' | 'sid'>): string {
  return `statement ${index + 1}${sid === undefined ? '' : ` (${sid})`}`;
}

/** Whole sentences: what denies the request, or why nothing allows it. The first begins with a lower-case letter. */
export function whyDenied(answer: PolicyAnswer, request: Request): string {
  const [denier] = answer.deciding;
  if (answer.effect === 'explicitly-denied' && denier !== undefined) {
    const conditions = denier.statement.conditions.map((entry) => heldWords(entry, request));
    const where = conditions.length === 0 ? '' : `, because ${conditions.join('; ')}`;
    return `${statementName(denier.statement)} denies it${where}.`;
  }
  const allows = answer.statements.filter(({ statement }) => statement.effect === 'Allow');
  const nearest = nearestOf(allows);
  if (nearest === undefined) return 'no statement of it allows anything.';
  const reasons = reasonsOf(nearest, request).join(' ');
  return `no statement allows it. ${capital(statementName(nearest.statement))}: ${reasons}`;
}

/** What lets it through: `statement 1`. */
export function whyAllowed(answer: PolicyAnswer): string {
  const [first] = answer.deciding;
  return first === undefined ? 'nothing denies it' : statementName(first.statement);
}

/** A condition that holds, with the policy's values and the request's. */
export function heldWords(entry: ConditionEntry, { context }: Request): string {
  const line = `${operatorName(entry.operator)} ${entry.key} ${few(entry.values)}`;
  const value = lookUp(context, entry.key);
  if (value === undefined || !value.known) return `${line} holds`;
  return value.values === undefined || value.values.length === 0
    ? `${line} holds where the request has no ${entry.key}`
    : `${line} holds: the request has ${few(value.values)}`;
}

/** The statement that fails in the fewest elements; the first of several. */
function nearestOf(answers: readonly StatementAnswer[]): StatementAnswer | undefined {
  return answers.reduce<StatementAnswer | undefined>(
    (best, one) => (best === undefined || one.because.length < best.because.length ? one : best),
    undefined,
  );
}

/** A few of many, so that a policy of hundreds of ids stays readable. */
export function few(values: readonly string[]): string {
  const shown = values.slice(0, 3);
  return values.length > shown.length
    ? `${shown.join(', ')} and ${values.length - shown.length} more`
    : shown.join(', ');
}
