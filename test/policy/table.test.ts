/** More than 400 evaluations that the documentation decides. The rows are data; each cites its page. */
import { describe, expect, it } from 'vitest';
import { decide } from '../../src/policy/decide.ts';
import { type Policy, type PolicyKind, readPolicy } from '../../src/policy/document.ts';
import { evaluateStatement } from '../../src/policy/evaluate.ts';
import { type ContextValue, type Principal, parsePrincipal, type Request } from '../../src/policy/request.ts';
import { CONDITION_ROWS } from './rows/conditions.ts';
import { DECISION_ROWS, type DecisionRow } from './rows/decisions.ts';
import { ACTION_ROWS, RESOURCE_ROWS, VARIABLE_ROWS } from './rows/elements.ts';
import { GRAMMAR_ROWS } from './rows/grammar.ts';
import { OPERATOR_ROWS } from './rows/operators.ts';
import { PRINCIPAL_ROWS } from './rows/principals.ts';
import type { Key, Keys } from './rows/support.ts';

const words = (value: unknown) => JSON.stringify(value) ?? 'nobody knows';

function policy(kind: PolicyKind, statements: readonly object[], version: string | undefined = '2012-10-17'): Policy {
  const document = { ...(version === 'none' ? {} : { Version: version }), Statement: statements };
  const read = readPolicy(document, kind, 'policy');
  if (!read.ok) throw new Error(read.problem);
  return read.policy;
}

function principal(text: string | undefined): Principal | undefined {
  const parsed = text === undefined ? undefined : parsePrincipal(text);
  if (parsed?.ok === false) throw new Error(parsed.problem);
  return parsed?.principal;
}

function contextValue(key: Key): ContextValue | undefined {
  if (key === 'unknown') return undefined;
  if (key === 'present') return { known: false };
  return { known: true, values: key === 'absent' ? undefined : key };
}

function context(keys: Keys): Request['context'] {
  const entries = Object.entries(keys).flatMap(([key, value]): [string, ContextValue][] => {
    const read = contextValue(value);
    return read === undefined ? [] : [[key.toLowerCase(), read]];
  });
  return new Map(entries);
}

const ALLOW = { Effect: 'Allow', Action: '*', Resource: '*' };
const REQUEST: Request = {
  action: 's3:GetObject',
  resource: 'arn:aws:s3:::b/a',
  principal: undefined,
  context: new Map(),
};

function applies(kind: PolicyKind, statement: object, request: Partial<Request>, version?: string) {
  const read = policy(kind, [statement], version);
  const [first] = read.statements;
  if (first === undefined) throw new Error('no statement');
  return evaluateStatement(read, first, { ...REQUEST, ...request }).applies;
}

describe('the table', () => {
  it('has at least 400 rows, no two alike, each with its page', () => {
    const rows = [
      ...OPERATOR_ROWS,
      ...CONDITION_ROWS,
      ...ACTION_ROWS,
      ...RESOURCE_ROWS,
      ...VARIABLE_ROWS,
      ...PRINCIPAL_ROWS,
      ...GRAMMAR_ROWS,
      ...DECISION_ROWS.map((row) => [row.page, row] as const),
    ];
    expect(rows.length).toBeGreaterThan(400);
    expect(new Set(rows.map(words)).size).toBe(rows.length);
    for (const [page] of rows) expect(page).toMatch(/^(?:reference_\w[\w-]*|(?:kms|vpc|AmazonS3)\/.+)$/);
  });
});

describe('operators', () => {
  it.each(OPERATOR_ROWS.map((row) => [row.slice(1, 4).map(words).join(' '), row] as const))('%s', (_name, row) => {
    const [, operator, values, key, expected] = row;
    const statement = { ...ALLOW, Condition: { [operator]: { 'x:key': values } } };
    expect(applies('identity', statement, { context: context({ 'x:key': key }) })).toBe(expected);
  });
});

describe('condition blocks', () => {
  it.each(CONDITION_ROWS.map((row) => [`${words(row[1])} ${words(row[2])}`, row] as const))('%s', (_name, row) => {
    const [, Condition, keys, expected, version] = row;
    expect(applies('identity', { ...ALLOW, Condition }, { context: context(keys) }, version)).toBe(expected);
  });
});

describe('actions', () => {
  it.each(ACTION_ROWS.map((row) => [row.slice(1, 4).map(words).join(' '), row] as const))('%s', (_name, row) => {
    const [, element, value, action, expected] = row;
    expect(applies('identity', { Effect: 'Allow', [element]: value, Resource: '*' }, { action })).toBe(expected);
  });
});

describe('resources', () => {
  it.each(RESOURCE_ROWS.map((row) => [row.slice(1, 5).map(words).join(' '), row] as const))('%s', (_name, row) => {
    const [, kind, element, value, resource, expected] = row;
    const who = kind === 'identity' ? {} : { Principal: '*' };
    expect(applies(kind, { Effect: 'Allow', ...who, Action: '*', [element]: value }, { resource })).toBe(expected);
  });

  it.each(VARIABLE_ROWS.map((row) => [row.slice(1).map(words).join(' '), row] as const))('%s', (_name, row) => {
    const [, element, value, resource, keys, expected, version] = row;
    const statement = { Effect: 'Allow', Action: '*', [element]: value };
    expect(applies('identity', statement, { resource, context: context(keys) }, version)).toBe(expected);
  });
});

describe('principals', () => {
  it.each(PRINCIPAL_ROWS.map((row) => [row.slice(1, 6).map(words).join(' '), row] as const))('%s', (_name, row) => {
    const [, kind, Effect, element, value, who, expected] = row;
    const statement = { ...ALLOW, Effect, [element]: value };
    expect(applies(kind, statement, { principal: principal(who) })).toBe(expected);
  });
});

describe('grammar', () => {
  it.each(GRAMMAR_ROWS.map((row) => [`${row[1]} ${words(row[2])}`, row] as const))('%s', (_name, row) => {
    const [, kind, document, problem] = row;
    const read = readPolicy(document, kind, 'policy.json');
    if (problem === undefined) expect(read.ok).toBe(true);
    else {
      expect(read).toMatchObject({ ok: false, problem: expect.stringContaining(problem) });
      expect(read).toMatchObject({ problem: expect.stringMatching(/^policy\.json: [^\n]+\.$/) });
    }
  });
});

describe('decisions', () => {
  it.each(DECISION_ROWS.map((row) => [row.name, row] as const))('%s', (_name, row) => {
    const decision = decide(policiesOf(row), {
      action: row.action ?? 's3:GetObject',
      resource: row.arn ?? 'arn:aws:s3:::bucket/a',
      principal: principal(row.principal),
      context: context(row.keys ?? {}),
    });
    expect([decision.decision, decision.decidedBy, ...decision.missing]).toEqual(row.expected);
  });
});

function policiesOf(row: DecisionRow) {
  const statements = (list: NonNullable<DecisionRow['endpoint']>, withPrincipal: boolean) =>
    list.map(({ e = 'Allow', p = '*', a = '*', r = '*', c }) => ({
      Effect: e,
      ...(withPrincipal ? { Principal: p } : {}),
      Action: a,
      Resource: r,
      ...(c === undefined ? {} : { Condition: c }),
    }));
  const kind = row.gateway === true ? 'gateway-endpoint' : 'endpoint';
  return {
    endpoint: row.endpoint && policy(kind, statements(row.endpoint, true)),
    resource: row.resource && policy('resource', statements(row.resource, true)),
    identity: row.identity?.map((list) => policy('identity', statements(list, false))),
  };
}
