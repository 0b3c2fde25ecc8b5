/** The keys that follow from the request itself, and the user's own in their place. */
import { describe, expect, it } from 'vitest';
import { contextOf, deriveContext } from '../../src/policy/context.ts';
import { lookUp, parsePrincipal, requestContext } from '../../src/policy/request.ts';
import { CONTEXT_ROWS } from './rows/context.ts';

const principal = (text: string | undefined) => {
  const parsed = text === undefined ? undefined : parsePrincipal(text);
  if (parsed?.ok === false) throw new Error(parsed.problem);
  return parsed?.principal;
};

describe('what follows from the request', () => {
  it.each(
    CONTEXT_ROWS.map(
      (row) =>
        [
          row
            .slice(1)
            .map((part) => JSON.stringify(part))
            .join(' '),
          row,
        ] as const,
    ),
  )('%s', (_name, [, who, action, resource, endpoint, key, expected]) => {
    const derived = deriveContext({ action, resource, principal: principal(who), endpoint });
    const value = lookUp(contextOf(derived, new Map()), key);
    const said = value === undefined ? 'unknown' : value.known ? (value.values ?? 'absent') : ('present' as const);
    expect(said).toEqual(expected);
  });

  it('names each key once', () => {
    const derived = deriveContext({
      action: 's3:GetObject',
      resource: 'arn:aws:sqs:eu-west-1:111122223333:q',
      principal: principal('arn:aws:iam::111122223333:user/Bob'),
      endpoint: {},
    });
    const keys = derived.map(({ key }) => key.toLowerCase());
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('gives way to what the user says, however he spells it', () => {
    const derived = deriveContext({ action: 's3:GetObject', resource: '*', principal: undefined, endpoint: {} });
    const context = contextOf(
      derived,
      requestContext([
        ['AWS:SOURCEIP', '10.0.0.1'],
        ['aws:sourcevpce', undefined],
      ]),
    );
    expect(lookUp(context, 'aws:SourceIp')).toEqual({ known: true, values: ['10.0.0.1'] });
    expect(lookUp(context, 'aws:SourceVpce')).toEqual({ known: true, values: undefined });
  });
});

describe('principals as people write them', () => {
  it.each([
    ['111122223333', 'account'],
    ['arn:aws:iam::111122223333:root', 'account'],
    ['arn:aws-cn:iam::111122223333:user/a/b', 'user'],
    ['arn:aws:iam::111122223333:role/a', 'role'],
    ['arn:aws:sts::111122223333:assumed-role/a/b', 'role'],
    ['arn:aws:sts::111122223333:federated-user/a', 'federated'],
    ['ec2.amazonaws.com', 'service'],
    ['*', 'anonymous'],
    [' anonymous ', 'anonymous'],
  ] as const)('%s', (text, kind) => {
    expect(parsePrincipal(text)).toMatchObject({ ok: true, principal: { kind } });
  });

  it.each([
    '',
    'bob',
    '1111222233334',
    'arn:aws:iam::111122223333:group/a',
    'arn:aws:iam::111122223333:user/',
    'arn:aws:iam::111122223333:role/a/',
    'arn:aws:sts::111122223333:assumed-role/a',
    'arn:aws:s3:::bucket',
  ])('%j is none', (text) => {
    expect(parsePrincipal(text)).toMatchObject({
      ok: false,
      problem: expect.stringMatching(/is no principal: [^\n]+$/),
    });
  });
});
