/** The smallest edit of a policy: what it changes in policies by hand, and what it promises of any. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contextOf, deriveContext } from '../../src/policy/context.ts';
import { type PolicyKind, readPolicy } from '../../src/policy/document.ts';
import { MAX_ENDPOINT_POLICY, prettyPolicy, smallestEdit } from '../../src/policy/edit.ts';
import type { JsonObject } from '../../src/policy/edit-candidates.ts';
import { evaluatePolicy } from '../../src/policy/evaluate.ts';
import { type ContextValue, parsePrincipal, type Request, requestContext } from '../../src/policy/request.ts';
import { bucketsOf } from '../../src/services/aws-buckets.ts';
import {
  CALLERS,
  KEY_NAMES,
  KEY_VALUES,
  type KeyName,
  type RandomRequest,
  REQUESTED,
  randomDocument,
  randomRequest,
} from './random-policies.ts';

const ROLE = 'arn:aws:iam::111122223333:role/app';
const SESSION = 'arn:aws:sts::111122223333:assumed-role/app/i-1';
const THROUGH = { vpceId: 'vpce-b', vpcId: 'vpc-1' };

function asks(
  action: string,
  resource: string,
  who = ROLE,
  given: Record<string, string | undefined> = {},
  endpoint: typeof THROUGH | undefined = THROUGH,
): Request {
  const parsed = parsePrincipal(who);
  if (!parsed.ok) throw new Error(parsed.problem);
  const derived = deriveContext({ action, resource, principal: parsed.principal, endpoint });
  return {
    action,
    resource,
    principal: parsed.principal,
    context: contextOf(derived, requestContext(Object.entries(given))),
  };
}

const document = (...Statement: object[]) => ({ Version: '2012-10-17', Statement });
const open = { Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' };
const read = { Sid: 'Read', Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::logs/*' };
const get = asks('s3:GetObject', 'arn:aws:s3:::logs/a');
const NAT = { 'aws:SourceVpce': undefined, 'aws:SourceVpc': undefined };

type Row = readonly [
  name: string,
  PolicyKind,
  before: object,
  Request | readonly Request[],
  change: object,
  what: RegExp,
];

/** `change`: the statements that are other than before, by their index. */
const ROWS: readonly Row[] = [
  [
    'an action more',
    'gateway-endpoint',
    document(read),
    asks('s3:PutObject', 'arn:aws:s3:::logs/a'),
    { 0: { ...read, Action: ['s3:GetObject', 's3:PutObject'] } },
    /^Add s3:PutObject to the actions of statement 1 \(Read\)\.$/,
  ],
  [
    'a resource more',
    'gateway-endpoint',
    document({ ...open, Action: 'kms:*' }, read),
    asks('s3:GetObject', 'arn:aws:s3:::data/*'),
    { 1: { ...read, Resource: ['arn:aws:s3:::logs/*', 'arn:aws:s3:::data/*'] } },
    /to the resources of statement 2/,
  ],
  [
    'a principal more',
    'endpoint',
    document({ ...read, Principal: { AWS: 'arn:aws:iam::111122223333:role/other' } }),
    get,
    { 0: { ...read, Principal: { AWS: ['arn:aws:iam::111122223333:role/other', ROLE] } } },
    /to the principals of statement 1/,
  ],
  [
    'an endpoint more',
    'resource',
    document({ ...read, Condition: { StringEquals: { 'aws:SourceVpce': 'vpce-a' } } }),
    get,
    { 0: { ...read, Condition: { StringEquals: { 'aws:SourceVpce': ['vpce-a', 'vpce-b'] } } } },
    /^Add vpce-b to the values of aws:SourceVpce in statement 1/,
  ],
  [
    'an organization more, beside another key of the same operator',
    'endpoint',
    document({ ...open, Condition: { StringEquals: { 'aws:SourceVpc': 'vpc-1', 'aws:PrincipalOrgID': ['o-1'] } } }),
    asks('sqs:SendMessage', 'arn:aws:sqs:eu-west-1:111122223333:q', ROLE, { 'aws:PrincipalOrgID': 'o-2' }),
    { 0: { ...open, Condition: { StringEquals: { 'aws:SourceVpc': 'vpc-1', 'aws:PrincipalOrgID': ['o-1', 'o-2'] } } } },
    /Add o-2 to the values of aws:PrincipalOrgID/,
  ],
  [
    'a statement of its own on a gateway endpoint: the caller by aws:PrincipalArn',
    'gateway-endpoint',
    document({ ...open, Effect: 'Deny', Action: 'sqs:*' }),
    get,
    {
      1: {
        Effect: 'Allow',
        Principal: '*',
        Action: 's3:GetObject',
        Resource: 'arn:aws:s3:::logs/a',
        Condition: { ArnEquals: { 'aws:PrincipalArn': ROLE } },
      },
    },
    /^Add a statement that allows s3:GetObject on arn:aws:s3:::logs\/a for arn:aws:iam::111122223333:role\/app\.$/,
  ],
  [
    'a statement of its own for a session, whose ARN hides its role’s path',
    'endpoint',
    document(),
    asks('s3:GetObject', 'arn:aws:s3:::logs/a', SESSION),
    {
      0: {
        Effect: 'Allow',
        Principal: { AWS: 'arn:aws:iam::111122223333:root' },
        Action: 's3:GetObject',
        Resource: 'arn:aws:s3:::logs/a',
        Condition: { ArnLike: { 'aws:PrincipalArn': [ROLE, 'arn:aws:iam::111122223333:role/*/app'] } },
      },
    },
    /^Add a statement/,
  ],
  [
    'a key’s policy speaks of its key as *',
    'resource',
    document({ ...open, Principal: { AWS: 'arn:aws:iam::444455556666:root' } }),
    asks('kms:Decrypt', 'arn:aws:kms:eu-west-1:111122223333:key/1'),
    { 0: { ...open, Principal: { AWS: ['arn:aws:iam::444455556666:root', ROLE] } } },
    /principals/,
  ],
  [
    'a Deny spares one endpoint more',
    'resource',
    document(open, {
      ...open,
      Sid: 'V',
      Effect: 'Deny',
      Condition: { StringNotEquals: { 'aws:SourceVpce': 'vpce-a' } },
    }),
    get,
    {
      1: {
        ...open,
        Sid: 'V',
        Effect: 'Deny',
        Condition: { StringNotEquals: { 'aws:SourceVpce': ['vpce-a', 'vpce-b'] } },
      },
    },
    /^Add vpce-b to the values of aws:SourceVpce that statement 2 \(V\) spares\.$/,
  ],
  [
    'a Deny gets an exception where the request comes by no endpoint',
    'resource',
    document(open, { ...open, Effect: 'Deny', Condition: { StringNotEquals: { 'aws:SourceVpce': 'vpce-a' } } }),
    asks('s3:GetObject', 'arn:aws:s3:::logs/a', ROLE, NAT, undefined),
    {
      1: {
        ...open,
        Effect: 'Deny',
        Condition: { StringNotEquals: { 'aws:SourceVpce': 'vpce-a' }, ArnNotEquals: { 'aws:PrincipalArn': ROLE } },
      },
    },
    /^Except arn:aws:iam::111122223333:role\/app from statement 2, which denies\.$/,
  ],
  [
    'a Deny for strangers’ resources spares the resource, not the caller',
    'endpoint',
    document(open, { ...open, Effect: 'Deny', Condition: { StringNotEquals: { 'aws:ResourceOrgID': 'o-1' } } }),
    asks('s3:GetObject', 'arn:aws:s3:::amazon-ssm-eu-west-1/*', ROLE, { 'aws:ResourceOrgID': undefined }),
    {
      1: {
        Effect: 'Deny',
        Principal: '*',
        Action: '*',
        NotResource: 'arn:aws:s3:::amazon-ssm-eu-west-1/*',
        Condition: { StringNotEquals: { 'aws:ResourceOrgID': 'o-1' } },
      },
    },
    /deny everything but/,
  ],
  [
    'two that deny, and nothing that allows',
    'resource',
    document(
      { ...open, Effect: 'Deny', Condition: { StringNotEquals: { 'aws:SourceVpce': 'vpce-a' } } },
      { ...open, Effect: 'Deny', Condition: { StringNotEquals: { 'aws:SourceVpc': 'vpc-0' } } },
      { ...read, Condition: { StringEquals: { 'aws:SourceVpce': 'vpce-a' } } },
    ),
    get,
    {
      0: { ...open, Effect: 'Deny', Condition: { StringNotEquals: { 'aws:SourceVpce': ['vpce-a', 'vpce-b'] } } },
      1: { ...open, Effect: 'Deny', Condition: { StringNotEquals: { 'aws:SourceVpc': ['vpc-0', 'vpc-1'] } } },
      2: { ...read, Condition: { StringEquals: { 'aws:SourceVpce': ['vpce-a', 'vpce-b'] } } },
    },
    /that statement 1 spares\. Add vpc-1 .*that statement 2 spares\. Add vpce-b .* in statement 3/,
  ],
  [
    'the buckets of AWS get one statement for them all',
    'gateway-endpoint',
    document({ ...open, Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-1' } } }),
    bucketsOf('ecr-pull', 'eu-west-1')
      .concat(bucketsOf('emr', 'eu-west-1').slice(0, 1))
      .map(({ action, objects }) => asks(action, objects, '*')),
    {
      1: {
        Effect: 'Allow',
        Principal: '*',
        Action: 's3:GetObject',
        Resource: [
          'arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*',
          'arn:aws:s3:::al2023-repos-eu-west-1-de612dc2/*',
        ],
      },
    },
    /^Add a statement that allows s3:GetObject on .* for whoever asks\. Add .*al2023.* to the resources of statement 2\.$/,
  ],
  [
    'an own bucket’s full access is not for a bucket of AWS',
    'gateway-endpoint',
    document({ ...read, Action: 's3:*' }),
    asks('s3:GetObject', 'arn:aws:s3:::amazon-ssm-eu-west-1/*', '*'),
    { 1: { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::amazon-ssm-eu-west-1/*' } },
    /^Add a statement/,
  ],
];

describe('the smallest edit', () => {
  it.each(ROWS)('%s', (_name, kind, before, requests, change, what) => {
    const kept = JSON.stringify(before);
    const edit = smallestEdit(before, requests, kind);
    const statements = [...(before as { Statement: object[] }).Statement];
    for (const [index, statement] of Object.entries(change)) statements[Number(index)] = statement as object;
    expect(edit?.document).toEqual({ ...before, Statement: statements });
    expect(edit?.what).toMatch(what);
    expect(edit?.proven).toBe(true);
    expect(JSON.parse(edit?.text ?? '')).toEqual(edit?.document);
    // The keys keep their order, a text is read as well as an object, and what was given is untouched.
    expect(smallestEdit(JSON.stringify(before, null, 4), requests, kind)).toEqual(edit);
    expect(JSON.stringify(before)).toBe(kept);
    expect(smallestEdit(edit?.document, requests, kind)).toBeUndefined();
  });

  it.each([
    ['allowed already', 'endpoint', document(open), get],
    ['no JSON', 'endpoint', '{', get],
    ['no policy', 'endpoint', { Statement: [{ Effect: 'Perhaps' }] }, get],
    [
      'whether it is denied hangs on a key that nobody knows',
      'resource',
      document(open, { ...open, Effect: 'Deny', Condition: { StringEquals: { 'aws:PrincipalTag/a': 'b' } } }),
      get,
    ],
    [
      'the request must be sent otherwise',
      'resource',
      document(open, { ...open, Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
      asks('s3:GetObject', 'arn:aws:s3:::logs/a', ROLE, { 'aws:SecureTransport': 'false' }),
    ],
    [
      'nobody to grant it to',
      'resource',
      document({ ...read, Resource: 'arn:aws:s3:::other/*', Principal: { AWS: ROLE } }),
      { ...get, principal: undefined },
    ],
  ] as const)('is none where %s', (_name, kind, before, request) => {
    expect(smallestEdit(before, request, kind)).toBeUndefined();
  });

  it('leaves out what would let through a request that must stay denied', () => {
    const before = document(read);
    const put = asks('s3:PutObject', 'arn:aws:s3:::logs/a');
    const other = asks('s3:PutObject', 'arn:aws:s3:::logs/secret');
    const edit = smallestEdit(before, put, 'gateway-endpoint', { keepDenied: [other] });
    expect(edit?.what).toMatch(/^Add a statement/);
    expect(edit?.proven).toBe(true);
  });

  it('says when the document gets too long for an endpoint', () => {
    const long = { ...read, Resource: Array.from({ length: 600 }, (_, i) => `arn:aws:s3:::bucket-${i}/*`) };
    const before = document(long);
    expect(JSON.stringify(before).length).toBeLessThan(MAX_ENDPOINT_POLICY);
    const request = asks('s3:GetObject', `arn:aws:s3:::${'b'.repeat(60)}/${'k'.repeat(200)}`);
    const room = MAX_ENDPOINT_POLICY - JSON.stringify(before).length;
    expect(smallestEdit(before, request, 'endpoint')).toMatchObject({ proven: true, tooLong: false });
    const full = document({ ...long, Sid: 'x'.repeat(room - 20) });
    const edit = smallestEdit(full, request, 'endpoint');
    expect(edit).toMatchObject({ proven: false, tooLong: true });
    expect(edit?.what).toMatch(/20,480 characters/);
    expect(smallestEdit(full, request, 'resource')).toMatchObject({ proven: true });
  });
});

function random({ requested, caller, keys }: RandomRequest): Request {
  const parsed = parsePrincipal(CALLERS[caller]);
  if (!parsed.ok) throw new Error(parsed.problem);
  const context = new Map<string, ContextValue>(
    KEY_NAMES.map((key) => [key.toLowerCase(), { known: true, values: keys[key] }]),
  );
  context.set('aws:principaltag/x', { known: true, values: undefined });
  const arn = caller === 'anonymous' || caller === 'service' ? undefined : CALLERS[caller];
  // A session's ARN hides the path of its role.
  const hidden = { known: false, path: { before: 'arn:aws:iam::111122223333:role/', after: 'app' } } as const;
  context.set(
    'aws:principalarn',
    caller === 'role' ? hidden : { known: true, values: arn === undefined ? undefined : [arn] },
  );
  return { action: requested[0], resource: requested[1], principal: parsed.principal, context };
}

/** The request with nothing in common with the other: neither what is asked, nor who asks, nor one value of a key. */
function stranger(request: RandomRequest, other: RandomRequest): RandomRequest {
  const differs = (values: readonly string[] | undefined, key: KeyName) =>
    !(values ?? []).some((value) => other.keys[key]?.includes(value) === true);
  const keys = Object.fromEntries(
    KEY_NAMES.map((key) => {
      const values = [request.keys[key], ...KEY_VALUES[key]].filter((one) => differs(one, key));
      return [key, values.find((one) => one !== undefined) ?? values[0]];
    }),
  ) as RandomRequest['keys'];
  const callers = Object.keys(CALLERS) as (keyof typeof CALLERS)[];
  return {
    keys,
    requested: [request.requested, ...REQUESTED].find(([action]) => action !== other.requested[0]) ?? request.requested,
    caller: [request.caller, ...callers].find((caller) => caller !== other.caller) ?? request.caller,
  };
}

function effect(document: object, request: Request, kind: PolicyKind) {
  const parsed = readPolicy(document, kind, 'policy');
  if (!parsed.ok) throw new Error(parsed.problem);
  return evaluatePolicy(parsed.policy, request);
}

const kinds = fc.constantFrom<PolicyKind>('endpoint', 'gateway-endpoint', 'resource');

describe('any edit', () => {
  const inputs = fc.record({
    before: randomDocument(true),
    kind: kinds,
    wanted: randomRequest,
    others: fc.array(randomRequest, { maxLength: 6 }),
  });
  let edited = 0;

  it('lets the request through and nothing that must stay denied', () => {
    fc.assert(
      fc.property(inputs, ({ before, kind, wanted, others }) => {
        const request = random(wanted);
        const keepDenied = others
          .filter((one) => one.requested !== wanted.requested || one.caller !== wanted.caller)
          .map(random);
        const edit = smallestEdit(before, request, kind, { keepDenied });
        if (edit === undefined) return;
        edited += 1;
        const after = effect(edit.document, request, kind).effect;
        if (edit.proven && wanted.caller !== 'role') expect(after).toBe('allowed');
        expect(after).not.toMatch(/denied/);
        for (const other of keepDenied) {
          if (/denied/.test(effect(before, other, kind).effect))
            expect(effect(edit.document, other, kind).effect).not.toBe('allowed');
        }
        expect(smallestEdit(edit.document, request, kind)).toBeUndefined();
        expect(edit.lines).toBeGreaterThan(0);
        expect(edit.diff).toMatch(/^@@ -\d/);
      }),
      { numRuns: 600 },
    );
    expect(edited).toBeGreaterThan(150);
  });

  it('leaves every Deny for requests that share nothing with the one', () => {
    let denied = 0;
    fc.assert(
      fc.property(inputs, ({ before, kind, wanted, others }) => {
        const edit = smallestEdit(before, random(wanted), kind);
        if (edit === undefined) return;
        for (const other of others.map((one) => stranger(one, wanted))) {
          const [then, now] = [before, edit.document].map((one) => effect(one, random(other), kind));
          if (then?.effect !== 'explicitly-denied') continue;
          denied += 1;
          expect(now?.effect).toBe('explicitly-denied');
        }
      }),
      { numRuns: 1000 },
    );
    expect(denied).toBeGreaterThan(25);
  });

  it('does not depend on the order of the requests, as far as they are let through', () => {
    fc.assert(
      fc.property(
        randomDocument(true),
        kinds,
        fc.array(randomRequest, { minLength: 2, maxLength: 3 }),
        (before, kind, wanted) => {
          const requests = wanted.map(random);
          const forth = smallestEdit(before, requests, kind);
          const back = smallestEdit(before, requests.toReversed(), kind);
          expect(forth === undefined).toBe(back === undefined);
          expect(forth?.proven).toBe(back?.proven);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('keeps what it does not change, letter for letter', () => {
    fc.assert(
      fc.property(inputs, ({ before, kind, wanted }) => {
        const edit = smallestEdit(before, random(wanted), kind);
        if (edit === undefined) return;
        const old = prettyPolicy(before as unknown as JsonObject).split('\n');
        const removed = edit.diff.split('\n').filter((line) => line.startsWith('-')).length;
        const kept = old.filter((line) => edit.text.split('\n').includes(line)).length;
        expect(kept).toBeGreaterThanOrEqual(old.length - removed);
        expect(Object.keys(edit.document)).toEqual(Object.keys(before));
      }),
      { numRuns: 200 },
    );
  });
});
