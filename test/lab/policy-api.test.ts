/** The calls that read policies, asked as the tool asks them: signed, at the lab's endpoint URLs. */
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { LAB_SIGNING, type SigningCredentials } from '../../src/lab/iam/caller.ts';
import { startLab } from '../../src/lab/lab.ts';
import type { POLICY_API_SERVICES } from '../../src/lab/policy-api.ts';
import { healthyWorld, LAB_ACCOUNT, LAB_REGION } from '../../src/lab/world.ts';
import { signedHeaders } from './support/signed.ts';

const POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]}';
const ARNS = {
  bucket: 'arn:aws:s3:::data',
  key: `arn:aws:kms:${LAB_REGION}:${LAB_ACCOUNT}:key/1234`,
  queue: `arn:aws:sqs:${LAB_REGION}:${LAB_ACCOUNT}:jobs`,
  topic: `arn:aws:sns:${LAB_REGION}:${LAB_ACCOUNT}:news`,
  secret: `arn:aws:secretsmanager:${LAB_REGION}:${LAB_ACCOUNT}:secret:app`,
  api: `arn:aws:apigateway:${LAB_REGION}::/restapis/a1b2c3d4e5`,
};

const world = healthyWorld();
world.bucketAccounts = { theirs: '444455556666' };
const lab = await startLab(world);
afterAll(async () => await lab.stop());
beforeEach(() => {
  world.refusals = {};
  world.api.resourcePolicies = Object.values(ARNS).map((ResourceArn) => ({ ResourceArn, Policy: POLICY }));
});

type Call = {
  readonly variable: (typeof POLICY_API_SERVICES)[number];
  readonly service: string;
  readonly path?: string;
  readonly target?: string;
  readonly input?: object;
  readonly form?: Readonly<Record<string, string>>;
};

const CALLS = {
  bucket: { variable: 'S3', service: 's3', path: '/data?policy=' },
  key: {
    variable: 'KMS',
    service: 'kms',
    target: 'TrentService.GetKeyPolicy',
    input: { KeyId: '1234', PolicyName: 'default' },
  },
  queue: {
    variable: 'SQS',
    service: 'sqs',
    target: 'AmazonSQS.GetQueueAttributes',
    input: {
      QueueUrl: `https://sqs.${LAB_REGION}.amazonaws.com/${LAB_ACCOUNT}/jobs`,
      AttributeNames: ['Policy'],
    },
  },
  topic: { variable: 'SNS', service: 'sns', form: { Action: 'GetTopicAttributes', TopicArn: ARNS.topic } },
  secret: {
    variable: 'SECRETS_MANAGER',
    service: 'secretsmanager',
    target: 'secretsmanager.GetResourcePolicy',
    input: { SecretId: 'app' },
  },
  api: { variable: 'API_GATEWAY', service: 'apigateway', path: '/restapis/a1b2c3d4e5' },
} as const satisfies Record<keyof typeof ARNS, Call>;

async function ask(call: Call, credentials: SigningCredentials = LAB_SIGNING.good) {
  const { variable, service, path = '/', target, input, form } = call;
  const base = new URL(lab.host.env[`AWS_ENDPOINT_URL_${variable}`] ?? '');
  const body = form === undefined ? JSON.stringify(input) : new URLSearchParams(form).toString();
  const sent =
    target === undefined
      ? form === undefined
        ? { method: 'GET', path }
        : { method: 'POST', path, body, headers: { 'content-type': 'application/x-www-form-urlencoded' } }
      : { method: 'POST', path, body, headers: { 'x-amz-target': target } };
  const headers = await signedHeaders({ host: base.host, ...sent }, { service, credentials });
  const answer = await fetch(new URL(path, base), {
    method: sent.method,
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'host')),
    ...('body' in sent ? { body: sent.body } : {}),
  });
  return { status: answer.status, text: await answer.text() };
}

const escaped = POLICY.replaceAll('"', '&#34;');

describe('a policy is read', () => {
  test('of a bucket, as it is', async () => {
    expect(await ask(CALLS.bucket)).toEqual({ status: 200, text: POLICY });
  });

  test('of a key, a queue and a secret, as JSON', async () => {
    expect(JSON.parse((await ask(CALLS.key)).text)).toEqual({ Policy: POLICY, PolicyName: 'default' });
    expect(JSON.parse((await ask(CALLS.queue)).text)).toEqual({ Attributes: { QueueArn: ARNS.queue, Policy: POLICY } });
    expect(JSON.parse((await ask(CALLS.secret)).text)).toEqual({
      ARN: ARNS.secret,
      Name: 'app',
      ResourcePolicy: POLICY,
    });
  });

  test('of a queue and a topic, as XML', async () => {
    const { variable, service, input } = CALLS.queue;
    const form = { Action: 'GetQueueAttributes', QueueUrl: input.QueueUrl, 'AttributeName.1': 'Policy' };
    expect((await ask({ variable, service, form })).text).toContain(`<Name>Policy</Name><Value>${escaped}</Value>`);
    expect((await ask(CALLS.topic)).text).toContain(`<key>Policy</key><value>${escaped}</value>`);
  });

  test('of an API, with its quotes escaped', async () => {
    const { policy } = JSON.parse((await ask(CALLS.api)).text) as { policy: string };
    expect(policy).toBe(POLICY.replaceAll('"', '\\"'));
    expect(JSON.parse(`"${policy}"`)).toBe(POLICY);
  });
});

test.each([
  ['bucket', 404, 'NoSuchBucketPolicy'],
  ['key', 400, 'NotFoundException'],
  ['queue', 400, 'QueueDoesNotExist'],
  ['topic', 404, 'NotFound'],
  ['secret', 400, 'ResourceNotFoundException'],
  ['api', 404, 'Invalid API identifier specified'],
] as const)('a %s that has none or does not exist: %i %s', async (what, status, code) => {
  world.api.resourcePolicies = [];
  const answer = await ask(CALLS[what]);
  expect(answer.status).toBe(status);
  expect(answer.text).toContain(code);
});

test.each([
  ['queue', 'Policy'],
  ['topic', 'Policy'],
  ['secret', 'ResourcePolicy'],
  ['api', 'policy'],
] as const)('a %s without a policy says nothing of one', async (what, member) => {
  world.api.resourcePolicies = [{ ResourceArn: ARNS[what] }];
  const { status, text } = await ask(CALLS[what]);
  expect(status).toBe(200);
  expect(text).not.toContain(member === 'ResourcePolicy' ? '"ResourcePolicy"' : `>${member}<`);
  expect(text).not.toContain(`"${member}"`);
});

test('a stranger’s bucket, and AWS’s, keep theirs to themselves', async () => {
  for (const name of ['theirs', `al2023-repos-${LAB_REGION}-de612dc2`]) {
    const answer = await ask({ ...CALLS.bucket, path: `/${name}?policy=` });
    expect([answer.status, answer.text.includes('<Code>AccessDenied</Code>')]).toEqual([403, true]);
  }
});

test.each([
  ['bucket', 's3:GetBucketPolicy', 'AccessDenied', 'SlowDown'],
  ['key', 'kms:GetKeyPolicy', 'AccessDeniedException', 'ThrottlingException'],
  ['topic', 'sns:GetTopicAttributes', 'AuthorizationError', 'Throttling'],
  ['api', 'apigateway:GET', 'not authorized', 'Too Many Requests'],
] as const)('a %s is refused as the world refuses %s', async (what, action, denied, throttled) => {
  world.refusals = { [action]: 'denied' };
  expect((await ask(CALLS[what])).text).toContain(denied);
  world.refusals = { [action]: 'throttled' };
  expect((await ask(CALLS[what])).text).toContain(throttled);
  world.refusals = { [action]: 'unreachable' };
  await expect(ask(CALLS[what])).rejects.toThrow();
  expect(lab.log.map(({ question }) => question)).toContain(action);
});

test.each([
  ['expired', 'ExpiredTokenException'],
  ['unknown', 'UnrecognizedClientException'],
] as const)('credentials that are %s get nowhere', async (kind, code) => {
  expect((await ask(CALLS.key, LAB_SIGNING[kind])).text).toContain(code);
});

test('the environment of a world holds the credentials that it says', async () => {
  const variables = async (credentials: 'expired' | 'unknown' | undefined) => {
    const other = await startLab({ ...healthyWorld(), ...(credentials === undefined ? {} : { credentials }) });
    await other.stop();
    const { AWS_ACCESS_KEY_ID, AWS_SESSION_TOKEN } = other.host.env;
    return [AWS_ACCESS_KEY_ID, AWS_SESSION_TOKEN];
  };
  expect(await variables(undefined)).toEqual([LAB_SIGNING.good.accessKeyId, undefined]);
  expect(await variables('expired')).toEqual([LAB_SIGNING.expired.accessKeyId, LAB_SIGNING.expired.sessionToken]);
  expect(await variables('unknown')).toEqual([LAB_SIGNING.unknown.accessKeyId, undefined]);
});
