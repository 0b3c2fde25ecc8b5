/** A policy document, read from JSON with every rule of the grammar that decides something; problems in one line. */
import { type Operator, parseOperator } from './operators.ts';

/** Where a policy stands; it decides what its elements mean. */
export type PolicyKind =
  /** on an interface endpoint */
  | 'endpoint'
  /** on a gateway endpoint, where an account as principal means its root user only */
  | 'gateway-endpoint'
  /** on the bucket, key, queue, topic, secret or API */
  | 'resource'
  /** on the caller */
  | 'identity';

export type PrincipalType = 'AWS' | 'Service' | 'Federated' | 'CanonicalUser';
type PrincipalEntry = { readonly type: PrincipalType; readonly value: string };
export type PrincipalElement =
  /** `"*"` */
  | { readonly everyone: 'all' }
  /** `users`: `{"AWS": "*"}` is among the entries */
  | { readonly everyone: 'users' | false; readonly entries: readonly PrincipalEntry[] };

export type ConditionEntry = {
  readonly operator: Operator;
  readonly key: string;
  readonly values: readonly string[];
};

export type Statement = {
  /** 0 for the first */
  readonly index: number;
  readonly sid?: string | undefined;
  readonly effect: 'Allow' | 'Deny';
  /** undefined in identity policies */
  readonly principal?: { readonly negated: boolean; readonly element: PrincipalElement } | undefined;
  readonly actions: { readonly negated: boolean; readonly patterns: readonly string[] };
  /** undefined where the element is left out and the policy is about the resource that carries it */
  readonly resources?: { readonly negated: boolean; readonly patterns: readonly string[] } | undefined;
  readonly conditions: readonly ConditionEntry[];
};

export type Policy = {
  readonly kind: PolicyKind;
  /** policy variables exist from 2012-10-17 on */
  readonly variables: boolean;
  readonly statements: readonly Statement[];
};

export type ParsedPolicy =
  | { readonly ok: true; readonly policy: Policy }
  /** one line, with the place in the document */
  | { readonly ok: false; readonly problem: string };

/**
 * Reads a policy. Grammar: IAM User Guide, reference_policies_grammar. A document without Version is of version 2008-10-17.
 * @param value the document, no longer text
 * @param name how to call the document in problems: a file's path, `the policy of vpce-0aa`
 */
export function readPolicy(value: unknown, kind: PolicyKind, name: string): ParsedPolicy {
  try {
    return { ok: true, policy: policyOf(value, kind) };
  } catch (error) {
    if (error instanceof Error && error.cause === MALFORMED) return { ok: false, problem: `${name}: ${error.message}` };
    throw error;
  }
}

/** Thrown and caught in this file only: a grammar is read most clearly by functions that return what they read. */
function malformed(message: string): Error {
  return new Error(message, { cause: MALFORMED });
}
const MALFORMED = Symbol('malformed policy');

function policyOf(value: unknown, kind: PolicyKind): Policy {
  const document = objectOf(value, 'the document');
  onlyKeys(document, ['Version', 'Id', 'Statement'], 'the document');
  const version = document['Version'] ?? '2008-10-17';
  if (version !== '2012-10-17' && version !== '2008-10-17')
    throw malformed(`Version is ${JSON.stringify(version)}; "2012-10-17" and "2008-10-17" exist.`);
  const statements = document['Statement'];
  if (statements === undefined) throw malformed('there is no Statement.');
  const list = Array.isArray(statements) ? statements : [statements];
  return {
    kind,
    variables: version === '2012-10-17',
    statements: list.map((statement, index) => statementOf(statement, index, kind)),
  };
}

const STATEMENT_KEYS = [
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
];

function statementOf(value: unknown, index: number, kind: PolicyKind): Statement {
  const where = `Statement ${index + 1}`;
  const statement = objectOf(value, where);
  onlyKeys(statement, STATEMENT_KEYS, where);
  const { Sid: sid, Effect: effect } = statement;
  if (sid !== undefined && typeof sid !== 'string') throw malformed(`${where}: Sid must be a string.`);
  if (effect !== 'Allow' && effect !== 'Deny')
    throw malformed(
      effect === undefined
        ? `${where} has no Effect.`
        : `${where}: Effect is ${JSON.stringify(effect)}; it must be "Allow" or "Deny".`,
    );
  const principal = oneOf(statement, 'Principal', 'NotPrincipal', where);
  if (kind === 'identity' && principal !== undefined)
    throw malformed(`${where}: an identity policy has no Principal; it applies to whoever carries it.`);
  if (kind !== 'identity' && principal === undefined)
    throw malformed(`${where} has no Principal; a policy on an endpoint or a resource needs one.`);
  const actions = oneOf(statement, 'Action', 'NotAction', where);
  if (actions === undefined) throw malformed(`${where} has neither Action nor NotAction.`);
  const resources = oneOf(statement, 'Resource', 'NotResource', where);
  if (resources === undefined && kind !== 'resource') throw malformed(`${where} has neither Resource nor NotResource.`);
  return {
    index,
    ...(sid === undefined || sid === '' ? {} : { sid }),
    effect,
    ...(principal === undefined
      ? {}
      : {
          principal: {
            negated: principal.negated,
            element: principalOf(principal.value, `${where}: ${principal.name}`),
          },
        }),
    actions: { negated: actions.negated, patterns: actionsOf(actions.value, `${where}: ${actions.name}`) },
    ...(resources === undefined
      ? {}
      : {
          resources: {
            negated: resources.negated,
            patterns: stringsOf(resources.value, `${where}: ${resources.name}`),
          },
        }),
    conditions: conditionsOf(statement['Condition'], where),
  };
}

/** Exactly one of an element and its negation. */
function oneOf(statement: Record<string, unknown>, plain: string, negation: string, where: string) {
  const [yes, no] = [statement[plain], statement[negation]];
  if (yes !== undefined && no !== undefined) throw malformed(`${where} has both ${plain} and ${negation}.`);
  if (yes !== undefined) return { negated: false, value: yes, name: plain };
  return no === undefined ? undefined : { negated: true, value: no, name: negation };
}

function actionsOf(value: unknown, where: string): string[] {
  const actions = stringsOf(value, where);
  for (const action of actions) {
    if (action !== '*' && !/^[A-Za-z0-9*?-]+:[A-Za-z0-9*?]+$/.test(action))
      throw malformed(`${where}: "${action}" is no action; it must be "*" or look like "s3:GetObject".`);
  }
  return actions;
}

const PRINCIPAL_TYPES: readonly string[] = ['AWS', 'Service', 'Federated', 'CanonicalUser'];

/** "You cannot use a wildcard to match part of a principal name or ARN" (reference_policies_elements_principal). */
function principalOf(value: unknown, where: string): PrincipalElement {
  if (value === '*') return { everyone: 'all' };
  if (typeof value === 'string')
    throw malformed(`${where} is "${value}"; it must be "*" or an object such as {"AWS": "111122223333"}.`);
  const map = objectOf(value, where);
  onlyKeys(map, PRINCIPAL_TYPES, where);
  const entries = Object.entries(map).flatMap(([type, values]) =>
    stringsOf(values, `${where}.${type}`).map((text) => ({ type: type as PrincipalType, value: text })),
  );
  if (entries.length === 0) throw malformed(`${where} is empty.`);
  const partly = entries.find((entry) => entry.value !== '*' && /[*?]/.test(entry.value));
  if (partly !== undefined)
    throw malformed(`${where} has "${partly.value}"; a wildcard cannot stand for a part of a principal.`);
  const users = entries.some((entry) => entry.type === 'AWS' && entry.value === '*');
  return { everyone: users && 'users', entries };
}

function conditionsOf(value: unknown, where: string): ConditionEntry[] {
  if (value === undefined) return [];
  const block = objectOf(value, `${where}: Condition`);
  return Object.entries(block).flatMap(([name, keys]) => {
    const operator = parseOperator(name);
    if (operator === undefined) throw malformed(`${where}: Condition has no operator "${name}".`);
    const map = objectOf(keys, `${where}: Condition.${name}`);
    return Object.entries(map).map(([key, values]) => ({
      operator,
      key,
      values: scalarsOf(values, `${where}: Condition.${name}.${key}`),
    }));
  });
}

function objectOf(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw malformed(`${where} must be an object.`);
  return value as Record<string, unknown>;
}

function onlyKeys(value: Record<string, unknown>, allowed: readonly string[], where: string): void {
  const stranger = Object.keys(value).find((key) => !allowed.includes(key));
  if (stranger === undefined) return;
  const near = allowed.find((key) => key.toLowerCase() === stranger.toLowerCase());
  throw malformed(
    `${where} has "${stranger}"${near === undefined ? `; only ${allowed.join(', ')} may be there` : `; it is spelled ${near}`}.`,
  );
}

function stringsOf(value: unknown, where: string): string[] {
  const list = Array.isArray(value) ? value : [value];
  if (list.length === 0) throw malformed(`${where} is empty.`);
  for (const one of list)
    if (typeof one !== 'string') throw malformed(`${where} must be a string or a list of strings.`);
  return list as string[];
}

/** Quotation marks are optional for numbers and booleans (reference_policies_grammar). */
function scalarsOf(value: unknown, where: string): string[] {
  const list = Array.isArray(value) ? value : [value];
  if (list.length === 0) throw malformed(`${where} is empty.`);
  return list.map((one) => {
    if (typeof one === 'string') return one;
    if (typeof one === 'number' || typeof one === 'boolean') return String(one);
    throw malformed(`${where} must be a string, number or boolean, or a list of these.`);
  });
}
