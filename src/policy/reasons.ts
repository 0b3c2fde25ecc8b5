/** Why a statement does not apply, or why nobody can tell, in words. */
import type { ConditionEntry, PrincipalElement, Statement } from './document.ts';
import { type Because, operatorName, type StatementAnswer } from './evaluate.ts';
import { lookUp, type Principal, type Request, type RequestContext } from './request.ts';

/** One sentence for each element that does not match, or of which it is not known. */
export function reasonsOf({ statement, because }: StatementAnswer, request: Request): readonly string[] {
  return because.map((one) => reasonOf(one, statement, request));
}

function reasonOf(one: Because, statement: Statement, request: Request): string {
  switch (one.element) {
    case 'Principal':
    case 'NotPrincipal': {
      const names = `${one.element} names ${namesOf(statement.principal?.element)}`;
      if (request.principal === undefined) return `${names}, and it is not known who asks.`;
      const caller = nameOf(request.principal);
      return one.truth === 'no'
        ? `${names}; the caller is ${caller}.`
        : `${names}; whether ${caller} is meant cannot be told from that${hiddenPath(request.principal)}.`;
    }
    case 'Action':
      return `${request.action} is not in Action: ${list(statement.actions.patterns)}.`;
    case 'NotAction':
      return `${request.action} is in NotAction: ${list(statement.actions.patterns)}.`;
    case 'Resource':
    case 'NotResource': {
      const patterns = list(statement.resources?.patterns ?? []);
      if (one.truth === 'unknown')
        return `Whether ${request.resource} is in ${one.element} cannot be told: ${patterns}.`;
      return `${request.resource} is ${one.element === 'Resource' ? 'not in' : 'in'} ${one.element}: ${patterns}.`;
    }
    case 'Condition':
      return one.condition === undefined ? 'Condition.' : conditionReason(one.condition, one.truth, request.context);
  }
}

function conditionReason(entry: ConditionEntry, truth: Because['truth'], context: RequestContext): string {
  const line = `Condition ${operatorName(entry.operator)} ${entry.key} ${list(entry.values)}`;
  const value = lookUp(context, entry.key);
  if (value === undefined)
    return `${line}: it is not known whether the request has ${entry.key}, and with which value.`;
  if (!value.known && value.path !== undefined) {
    const ends = `${line}: the request has ${value.path.before}…${value.path.after}`;
    return truth === 'no' ? `${ends}.` : `${ends}, and its path is not known.`;
  }
  if (!value.known) return `${line}: the request has it, with a value that is not known.`;
  if (value.values === undefined) return `${line}: the request has no ${entry.key}.`;
  const has = value.values.map((one) => JSON.stringify(one)).join(', ');
  if (truth === 'no') return `${line}: the request has ${has}.`;
  return value.values.length > 1 && entry.operator.set === undefined
    ? `${line}: the request has ${has}, and what the operator does with several values is not defined.`
    : `${line}: the request has ${has}, and what the policy compares it with is not known.`;
}

function namesOf(element: PrincipalElement | undefined): string {
  if (element === undefined || element.everyone === 'all') return '*';
  return list(element.entries.map(({ type, value }) => (type === 'AWS' ? value : `${type} ${value}`)));
}

/** The caller as the reader wrote it. */
export function nameOf(principal: Principal): string {
  switch (principal.kind) {
    case 'anonymous':
      return 'nobody (the request is not signed)';
    case 'account':
      return `the root user of ${principal.account}`;
    case 'service':
      return principal.name;
    case 'role':
      return principal.sessionArn ?? principal.arn;
    case 'user':
    case 'federated':
      return principal.arn;
  }
}

function hiddenPath(principal: Principal): string {
  return principal.kind === 'role' && !principal.pathKnown
    ? ' (a session’s ARN does not tell its role’s path; --context aws:PrincipalArn=… does)'
    : '';
}

/** A few of the values; a policy may list hundreds. */
function list(values: readonly string[]): string {
  const shown = values.slice(0, 4).map((value) => (value === '' ? '""' : value));
  return values.length > shown.length
    ? `${shown.join(', ')} and ${values.length - shown.length} more`
    : shown.join(', ');
}
