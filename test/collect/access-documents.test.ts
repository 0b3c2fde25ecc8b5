/** What the AWS CLI prints about access, as state. */
import { describe, expect, it } from 'vitest';
import { stateFromDocuments } from '../../src/collect/documents.ts';

const read = (json: unknown, name = 'a.json') => stateFromDocuments([{ name, json }]);
const policies = (json: unknown) => read(json).state.resourcePolicies;
const known = (...value: unknown[]) => ({ known: true, value });
const allow = (...Resource: string[]) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: '*', Action: '*', Resource }] });

describe('who asks', () => {
  it('is what `sts get-caller-identity` prints', () => {
    const caller = {
      UserId: 'AROA:i-0a',
      Account: '123456789012',
      Arn: 'arn:aws:sts::123456789012:assumed-role/app/i-0a',
    };
    const { state, accountId, warnings } = read(caller);
    expect([state.callerIdentities, accountId, warnings]).toEqual([known(caller), '123456789012', []]);
  });
});

describe('the policy of a resource', () => {
  it('is a bucket’s, by the one bucket in it', () => {
    const Policy = allow('arn:aws:s3:::my.bucket', 'arn:aws:s3:::my.bucket/*');
    expect(policies({ Policy })).toEqual(known({ ResourceArn: 'arn:aws:s3:::my.bucket', Policy }));
  });

  it.each([
    ['two buckets', allow('arn:aws:s3:::a-bucket/*', 'arn:aws:s3:::b-bucket/*')],
    ['every resource, as a key’s policy does', allow('*')],
    ['a pattern', allow('arn:aws:s3:::my-*')],
    ['nothing that is JSON', 'Deny everything'],
  ])('that names %s is asked back for', (_what, Policy) => {
    const { state, warnings } = read({ Policy, PolicyName: 'default' });
    expect(state.resourcePolicies).toEqual({ known: false, why: 'not-given' });
    expect(warnings).toEqual([
      'a.json does not say whose Policy it holds, and the policy names no single resource; add "ResourceArn": "arn:…" to it.',
    ]);
    const ResourceArn = 'arn:aws:kms:eu-west-1:123456789012:key/1';
    expect(policies({ Policy, ResourceArn })).toEqual(known({ ResourceArn, Policy }));
  });

  it('is a queue’s or a topic’s, by its own ARN or its policy’s', () => {
    const QueueArn = 'arn:aws:sqs:eu-west-1:123456789012:jobs';
    const TopicArn = 'arn:aws:sns:eu-west-1:123456789012:news';
    const Policy = allow('*');
    expect(policies({ Attributes: { Policy, QueueArn, DelaySeconds: '0' } })).toEqual(
      known({ ResourceArn: QueueArn, Policy }),
    );
    expect(policies({ Attributes: { Policy, TopicArn } })).toEqual(known({ ResourceArn: TopicArn, Policy }));
    const own = allow(QueueArn);
    expect(policies({ Attributes: { Policy: own } })).toEqual(known({ ResourceArn: QueueArn, Policy: own }));
    expect(read({ Attributes: { QueueArn } }).warnings).toEqual([]);
  });

  it('is no load balancer’s attribute', () => {
    const { state, notes } = read({ Attributes: [{ Key: 'a', Value: 'b' }] });
    expect(state.resourcePolicies).toEqual({ known: false, why: 'not-given' });
    expect(notes.join()).toContain('Attributes');
  });

  it('is a secret’s, also when there is none', () => {
    const ARN = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf';
    const ResourcePolicy = allow('*');
    expect(policies({ ARN, Name: 'db', ResourcePolicy })).toEqual(known({ ResourceArn: ARN, Policy: ResourcePolicy }));
    expect(policies({ ARN, Name: 'db' })).toEqual(known({ ResourceArn: ARN }));
    expect(policies({ ARN, Name: 'db', RotationEnabled: false })).toEqual({ known: false, why: 'not-given' });
  });

  it('is an API’s, with the quotes that API Gateway escapes twice', () => {
    const policy = allow('arn:aws:execute-api:eu-west-1:123456789012:abcde12345/*');
    const printed = { id: 'abcde12345', name: 'x', apiKeySource: 'HEADER', policy: policy.replaceAll('"', '\\"') };
    expect(policies(printed)).toEqual(
      known({ ResourceArn: 'arn:aws:apigateway:eu-west-1::/restapis/abcde12345', Policy: policy }),
    );
  });

  it('is not forgotten because a later call was refused', () => {
    const ResourceArn = 'arn:aws:s3:::my-bucket';
    const Policy = allow(`${ResourceArn}/*`);
    const { state } = stateFromDocuments([
      { name: 'a.json', json: { Policy } },
      { name: 'b.json', json: { ResourcePolicies: [{ ResourceArn, Refusal: 'denied' }] } },
    ]);
    expect(state.resourcePolicies).toEqual(known({ ResourceArn, Policy }));
  });
});

describe('the caller’s own policies', () => {
  const PolicyDocument = { Version: '2012-10-17', Statement: [] };
  const text = JSON.stringify(PolicyDocument);

  it('are a role’s and a user’s, as objects or as IAM encodes them', () => {
    expect(read({ RoleName: 'app', PolicyName: 'p', PolicyDocument }).state.identityPolicies).toEqual(
      known({ PolicyName: 'p', PolicyDocument: text, RoleName: 'app' }),
    );
    const encoded = { UserName: 'eve', PolicyName: 'p', PolicyDocument: encodeURIComponent(text) };
    expect(read(encoded).state.identityPolicies).toEqual(
      known({ PolicyName: 'p', PolicyDocument: text, UserName: 'eve' }),
    );
  });

  it('are the default version of a managed policy, by the document’s name', () => {
    const version = (IsDefaultVersion: boolean) =>
      read({ PolicyVersion: { Document: PolicyDocument, VersionId: 'v2', IsDefaultVersion } }, 'managed.json');
    expect(version(true).state.identityPolicies).toEqual(known({ PolicyName: 'managed.json', PolicyDocument: text }));
    expect(version(false).state.identityPolicies).toEqual({ known: false, why: 'not-given' });
    expect(version(false).warnings.join()).toContain('not in force');
  });
});
