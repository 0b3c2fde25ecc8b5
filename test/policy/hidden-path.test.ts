/** What a policy says of a role of which only a session, and so no path, is known. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contextOf, deriveContext } from '../../src/policy/context.ts';
import { readPolicy } from '../../src/policy/document.ts';
import { evaluatePolicy } from '../../src/policy/evaluate.ts';
import { parsePrincipal, requestContext } from '../../src/policy/request.ts';

const SESSION = 'arn:aws:sts::111122223333:assumed-role/app/i-1';
const role = (path: string) => `arn:aws:iam::111122223333:role/${path}app`;

/** The condition's answer as the effect of a statement that allows; for a path, as if the role were known. */
function effect(operator: string, value: string | readonly string[], path?: string) {
  const Condition = { [operator]: { 'aws:PrincipalArn': value } };
  const Statement = { Effect: 'Allow', Principal: '*', Action: '*', Resource: '*', Condition };
  const read = readPolicy({ Version: '2012-10-17', Statement }, 'endpoint', 'policy');
  const parsed = parsePrincipal(SESSION);
  if (!read.ok || !parsed.ok) throw new Error('no policy or principal');
  const facts = { action: 's3:GetObject', resource: '*', principal: parsed.principal, endpoint: undefined };
  const given = requestContext(path === undefined ? [] : [['aws:PrincipalArn', role(path)] as const]);
  return evaluatePolicy(read.policy, { ...facts, context: contextOf(deriveContext(facts), given) });
}

describe('aws:PrincipalArn of a session', () => {
  it.each([
    ['StringEquals', role(''), 'unknown'],
    ['StringEquals', role('team/'), 'unknown'],
    ['StringEquals', 'arn:aws:iam::111122223333:role/other', 'implicitly-denied'],
    ['StringEquals', 'arn:aws:iam::444455556666:role/app', 'implicitly-denied'],
    ['StringEquals', 'arn:aws:iam::111122223333:user/app', 'implicitly-denied'],
    ['StringNotEquals', 'arn:aws:iam::111122223333:role/other', 'allowed'],
    ['StringNotEquals', role(''), 'unknown'],
    ['StringLike', 'arn:aws:iam::111122223333:role/*', 'allowed'],
    ['StringLike', 'arn:aws:iam::*:role/*app', 'allowed'],
    ['StringLike', 'arn:aws:iam::111122223333:role/?*', 'allowed'],
    ['StringLike', 'arn:aws:iam::111122223333:role/team/*', 'unknown'],
    ['StringLike', '*/app', 'allowed'],
    ['StringLike', '*/admin', 'implicitly-denied'],
    ['ArnLike', 'arn:aws:iam::111122223333:role/*', 'allowed'],
    ['ArnLike', 'arn:aws:iam::*:role/app', 'unknown'],
    ['ArnNotLike', 'arn:aws:iam::111122223333:role/*', 'implicitly-denied'],
    ['ArnNotLike', 'arn:aws:iam::444455556666:*', 'allowed'],
    ['StringEquals', ['arn:aws:iam::111122223333:role/other', role('')], 'unknown'],
    ['StringLike', ['arn:aws:iam::111122223333:role/other', '*'], 'allowed'],
  ])('%s %j: %s', (operator, value, expected) => {
    const answer = effect(operator, value);
    expect(answer.effect).toBe(expected);
    expect(answer.missing).toEqual(expected === 'unknown' ? ['aws:PrincipalArn'] : []);
  });

  it('is never said to match or not where a path would make the difference', () => {
    const piece = fc.constantFrom(
      'arn:aws:iam::111122223333:role/',
      'arn:aws:iam::',
      'role/',
      'team/',
      'app',
      '*',
      '?',
      '/',
      'a/b/',
      '*:',
    );
    const pattern = fc.array(piece, { minLength: 1, maxLength: 5 }).map((pieces) => pieces.join(''));
    const operator = fc.constantFrom(
      'StringLike',
      'StringNotLike',
      'StringEquals',
      'ArnLike',
      'ArnNotEquals',
      'StringEqualsIgnoreCase',
    );
    const seen = new Set<string>();
    fc.assert(
      fc.property(
        operator,
        pattern,
        fc.constantFrom('', 'team/', 'a/b/', 'x/app/', 'service-role/'),
        (name, value, path) => {
          const hidden = effect(name, value).effect;
          seen.add(hidden);
          if (hidden !== 'unknown') expect(effect(name, value, path).effect).toBe(hidden);
        },
      ),
      { numRuns: 4000, seed: 7 },
    );
    expect(seen.size).toBe(3);
  });
});
