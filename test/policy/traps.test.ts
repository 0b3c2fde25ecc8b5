/** Traps that fire, and policies next to them on which none does. */
import { describe, expect, it } from 'vitest';
import { type PolicyKind, readPolicy } from '../../src/policy/document.ts';
import { policyTraps, type Trap } from '../../src/policy/traps.ts';

const open = { Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' };
const when = (Condition: object, more: object = {}) => ({ ...open, ...more, Condition });

function traps(kind: PolicyKind, statements: readonly object[], concernsS3 = true): readonly Trap[] {
  const read = readPolicy({ Version: '2012-10-17', Statement: statements }, kind, 'policy');
  if (!read.ok) throw new Error(read.problem);
  return policyTraps(read.policy, concernsS3);
}
const kinds = (...args: Parameters<typeof traps>) => traps(...args).map(({ kind }) => kind);

const layers = { ...open, Action: 's3:GetObject', Resource: 'arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*' };
const packages = { ...open, Action: 's3:GetObject', Resource: 'arn:aws:s3:::al2023-repos-eu-west-1-de612dc2/*' };
const agent = { ...open, Action: 's3:GetObject', Resource: 'arn:aws:s3:::amazon-ssm-eu-west-1/*' };

describe('no allow at all', () => {
  it.each(['endpoint', 'gateway-endpoint'] as const)('%s', (kind) => {
    expect(kinds(kind, [])).toEqual(['no-allow']);
    expect(kinds(kind, [{ ...open, Effect: 'Deny' }])).toEqual(['no-allow']);
    expect(kinds(kind, [open])).toEqual([]);
  });
  it('in a resource policy is common', () => expect(kinds('resource', [{ ...open, Effect: 'Deny' }])).toEqual([]));
});

describe('ids of another kind', () => {
  it.each([
    [{ StringEquals: { 'aws:SourceVpce': 'vpc-1' } }, ['wrong-id']],
    [{ StringNotEquals: { 'AWS:SourceVpce': ['vpce-1', 'vpce-svc-1'] } }, ['wrong-id']],
    [{ StringEquals: { 'aws:SourceVpc': 'vpce-1' } }, ['wrong-id']],
    [{ StringEquals: { 'aws:SourceVpc': ['vpc-1', 'vpce-1'], 'aws:SourceVpce': 'vpc-1' } }, ['wrong-id', 'wrong-id']],
    [{ StringEquals: { 'aws:SourceVpce': 'vpce-1', 'aws:SourceVpc': 'vpc-1' } }, []],
    [{ Null: { 'aws:SourceVpce': 'true' } }, []],
  ] as const)('%j', (condition, expected) => {
    expect(kinds('resource', [when(condition)])).toEqual(expected);
  });
});

describe('wildcards in ids that AWS makes', () => {
  it.each([
    [{ StringLike: { 'aws:SourceVpce': 'vpce-*' } }, ['wildcard']],
    [{ StringNotLike: { 'aws:PrincipalAccount': ['111122223333', '4444*'] } }, ['wildcard']],
    [{ NumericEquals: { 'aws:PrincipalAccount': '111122223333' } }, ['wildcard']],
    [{ StringLike: { 'aws:SourceVpce': 'vpce-1' } }, []],
    [{ StringEquals: { 'aws:SourceVpce': 'vpce-*' } }, []],
    [{ StringLike: { 'aws:PrincipalArn': 'arn:aws:iam::111122223333:role/*' } }, []],
  ] as const)('%j', (condition, expected) => {
    expect(kinds('endpoint', [when(condition)], false)).toEqual(expected);
    expect(kinds('resource', [when(condition)])).toEqual([]);
  });
});

describe('aws:SourceIp', () => {
  it('is for no endpoint policy', () => {
    const [first, second] = [
      { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } },
      { NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } },
    ];
    expect(traps('endpoint', [when(first)], false)).toMatchObject([
      { kind: 'source-ip', statement: 0, text: expect.stringContaining('never holds') },
    ]);
    expect(traps('endpoint', [when(second)], false)).toMatchObject([{ text: expect.stringContaining('always holds') }]);
    expect(kinds('resource', [when(first)])).toEqual([]);
    expect(kinds('endpoint', [when({ IpAddress: { 'aws:VpcSourceIp': '10.0.0.0/8' } })], false)).toEqual([]);
  });
});

describe('accounts in gateway endpoint policies', () => {
  const account = { ...open, Principal: { AWS: ['111122223333', 'arn:aws:iam::444455556666:root'] } };
  it('mean root users', () => expect(kinds('gateway-endpoint', [account])).toEqual(['root-only', 'root-only']));
  it('elsewhere mean accounts', () => expect(kinds('endpoint', [account])).toEqual([]));
  it('a role is none', () =>
    expect(kinds('gateway-endpoint', [{ ...open, Principal: { AWS: 'arn:aws:iam::111122223333:role/a' } }])).toEqual(
      [],
    ));
});

describe('buckets that AWS owns', () => {
  const mine = { StringEquals: { 'aws:ResourceOrgID': 'o-1' } };
  it.each([
    ['an organization of resources', [when(mine)]],
    ['an organization of callers', [when({ StringEquals: { 'aws:PrincipalOrgID': 'o-1' } })]],
    ['an account', [when({ StringEquals: { 's3:ResourceAccount': '111122223333' } })]],
    ['a Deny for strangers', [open, when({ StringNotEquals: { 'aws:ResourceOrgID': 'o-1' } }, { Effect: 'Deny' })]],
    ['one exception of three', [when(mine), layers]],
  ])('are shut out by %s', (_name, statements) => {
    expect(kinds('gateway-endpoint', statements)).toEqual(['aws-buckets']);
  });

  it('are told by name', () => {
    const [trap] = traps('endpoint', [when(mine), layers, agent]);
    expect(trap?.text).toContain('al2023-repos');
    expect(trap?.text).not.toContain('starport');
  });

  it.each([
    ['every one is excepted', [when(mine), layers, packages, agent]],
    [
      'the condition lets through what does not carry the key',
      [when({ StringEqualsIfExists: { 'aws:ResourceOrgID': 'o-1' } })],
    ],
    ['buckets are named, so that strangers are left out on purpose', [when(mine, { Resource: 'arn:aws:s3:::mine/*' })]],
    ['the condition is about the way', [when({ StringEquals: { 'aws:SourceVpc': 'vpc-1' } })]],
  ])('are no matter when %s', (_name, statements) => {
    expect(kinds('endpoint', statements)).toEqual([]);
  });

  it('concern S3 only, and endpoints only', () => {
    expect(kinds('endpoint', [when(mine)], false)).toEqual([]);
    expect(kinds('resource', [when(mine)])).toEqual([]);
  });
});
