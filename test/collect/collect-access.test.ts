/** Policies of named resources, read by signed calls of our own from servers on loopback. */
import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { collectAccess } from '../../src/collect/collect-access.ts';
import { namedResources } from '../../src/collect/named-resources.ts';
import { DURATIONS } from '../../src/durations.ts';
import type { Denial } from '../../src/model/denial.ts';
import type { Host } from '../../src/model/host.ts';
import type { Target } from '../../src/model/target.ts';
import { host, running } from '../probes/support/probes.ts';
import { LOOPBACK, listening } from '../probes/support/servers.ts';
import { type Received, verify } from '../probes/support/sigv4.ts';

const SECRET = 'a-secret';
const target = (name: string, path?: string): Target => ({
  id: name,
  requested: [name],
  host: name,
  port: 443,
  application: 'https',
  serviceNames: [],
  ...(path === undefined ? {} : { path }),
});
const denial = (resource: string): Denial => ({ kind: 'policy', resource, text: 'no' });

const ARNS = {
  bucket: 'arn:aws:s3:::my.bucket',
  key: 'arn:aws:kms:eu-west-1:123456789012:key/12345678-1234-1234-1234-123456789012',
  queue: 'arn:aws:sqs:eu-west-1:123456789012:jobs.fifo',
  topic: 'arn:aws:sns:eu-west-1:123456789012:news',
  secret: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:db/main-AbCdEf',
  api: 'arn:aws:apigateway:eu-west-1::/restapis/abcde12345',
};
const POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Resource":"a&b"}]}';
const xml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;');

/** One server for all services: told apart by the credential scope, as the real ones by their hosts. */
type Answer = { readonly status?: number; readonly body: string };
const GOOD: Readonly<Record<string, Answer>> = {
  s3: { body: POLICY },
  kms: { body: JSON.stringify({ Policy: POLICY, PolicyName: 'default' }) },
  sqs: { body: JSON.stringify({ Attributes: { Policy: POLICY } }) },
  sns: {
    body: `<GetTopicAttributesResponse><GetTopicAttributesResult><Attributes><entry><key>Owner</key><value>1</value></entry><entry><key>Policy</key><value>${xml(POLICY)}</value></entry></Attributes></GetTopicAttributesResult></GetTopicAttributesResponse>`,
  },
  secretsmanager: { body: JSON.stringify({ ARN: ARNS.secret, Name: 'db/main', ResourcePolicy: POLICY }) },
  apigateway: { body: JSON.stringify({ id: 'abcde12345', policy: POLICY.replaceAll('"', '\\"') }) },
};

async function aws(answers: Readonly<Record<string, Answer | undefined>>) {
  const seen: (Received & { readonly ok: boolean; readonly service: string })[] = [];
  const server = await listening(
    createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request.setEncoding('utf8')) body += chunk;
      const { method = '', url = '', headers } = request;
      const { ok, scope } = verify({ method, url, headers, body }, SECRET);
      const service = scope.split('/')[2] ?? '';
      seen.push({ method, url, headers, body, ok, service });
      const answer = answers[service];
      // Silence.
      if (answer === undefined) return;
      response.writeHead(answer.status ?? 200, { 'x-amzn-requestid': 'r' }).end(answer.body);
    }),
  );
  const env = {
    AWS_ENDPOINT_URL: `http://${LOOPBACK}:${server.port}`,
    AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
    AWS_SECRET_ACCESS_KEY: SECRET,
    AWS_REGION: 'eu-west-1',
  };
  return { server, seen, machine: { ...host, env } satisfies Host };
}

const collect = (machine: Host, targets: readonly Target[], denials: readonly Denial[], ms = 5_000) =>
  collectAccess(machine, {
    region: 'eu-west-1',
    targets,
    denials,
    durations: { ...DURATIONS, policyReads: ms },
    signal: running(),
  });

const EVERY = [
  target('my.bucket.s3.eu-west-1.amazonaws.com'),
  target('abcde12345.execute-api.eu-west-1.amazonaws.com'),
];
const EVERY_DENIAL = [ARNS.key, ARNS.queue, ARNS.topic, ARNS.secret].map(denial);

describe('the resources that a run names', () => {
  const named = (targets: readonly Target[], denials: readonly Denial[] = []) =>
    namedResources(targets, denials).map(({ arn }) => arn);

  it('are buckets, by either way to address them', () => {
    expect(named([target('my.bucket.s3.eu-west-1.amazonaws.com')])).toEqual([ARNS.bucket]);
    expect(named([target('s3.eu-west-1.amazonaws.com', '/my.bucket/some/key?x')])).toEqual([ARNS.bucket]);
    expect(named([target('s3.cn-north-1.amazonaws.com.cn', '/my.bucket')])).toEqual(['arn:aws-cn:s3:::my.bucket']);
    expect(named([target('s3.eu-west-1.amazonaws.com')])).toEqual([]);
    expect(named([target('example.com', '/my.bucket')])).toEqual([]);
  });

  it('are APIs, also those that are called by an endpoint', () => {
    expect(named([target('abcde12345.execute-api.eu-west-1.amazonaws.com')])).toEqual([ARNS.api]);
    expect(named([target('abcde12345-vpce-0a1b.execute-api.eu-west-1.amazonaws.com')])).toEqual([ARNS.api]);
  });

  it('are what the words of a refusal name, each once', () => {
    const denials = [
      'arn:aws:s3:::my.bucket/a/b',
      'arn:aws:s3:::my.bucket',
      ARNS.key,
      ARNS.queue,
      'arn:aws:execute-api:eu-west-1:123456789012:abcde12345/prod/GET/x',
      'arn:aws:ec2:eu-west-1:123456789012:vpc/vpc-1',
      '*',
    ].map(denial);
    expect(named([], denials)).toEqual([ARNS.bucket, ARNS.key, ARNS.queue, ARNS.api]);
    expect(named([], [{ kind: 'credentials', problem: 'expired', text: 'x' }])).toEqual([]);
  });
});

describe('policies', () => {
  it('are read with one signed call each', async () => {
    const { server, seen, machine } = await aws(GOOD);
    await using _server = server;
    const { state, coverage } = await collect(machine, EVERY, EVERY_DENIAL);
    expect(state.resourcePolicies).toEqual({
      known: true,
      value: [
        { ResourceArn: ARNS.bucket, Action: 's3:GetBucketPolicy', Policy: POLICY },
        { ResourceArn: ARNS.api, Action: 'apigateway:GET', Policy: POLICY },
        { ResourceArn: ARNS.key, Action: 'kms:GetKeyPolicy', Policy: POLICY },
        { ResourceArn: ARNS.queue, Action: 'sqs:GetQueueAttributes', Policy: POLICY },
        { ResourceArn: ARNS.topic, Action: 'sns:GetTopicAttributes', Policy: POLICY },
        { ResourceArn: ARNS.secret, Action: 'secretsmanager:GetResourcePolicy', Policy: POLICY },
      ],
    });
    expect(seen.every(({ ok }) => ok)).toBe(true);
    const asked = seen.map(({ service, method, url, headers, body }) => {
      return `${service} ${method} ${url} ${headers['x-amz-target'] ?? ''} ${body}`;
    });
    expect(asked.toSorted()).toEqual([
      'apigateway GET /restapis/abcde12345  ',
      `kms POST / TrentService.GetKeyPolicy ${JSON.stringify({ KeyId: ARNS.key, PolicyName: 'default' })}`,
      's3 GET /my.bucket?policy=  ',
      `secretsmanager POST / secretsmanager.GetResourcePolicy ${JSON.stringify({ SecretId: ARNS.secret })}`,
      `sns POST /  ${new URLSearchParams({ Action: 'GetTopicAttributes', Version: '2010-03-31', TopicArn: ARNS.topic })}`,
      `sqs POST / AmazonSQS.GetQueueAttributes ${JSON.stringify({ QueueUrl: 'https://sqs.eu-west-1.amazonaws.com/123456789012/jobs.fifo', AttributeNames: ['Policy'] })}`,
    ]);
    expect(coverage.map(({ what, outcome }) => `${what} ${outcome}`)).toEqual([
      's3:GetBucketPolicy made',
      'kms:GetKeyPolicy made',
      'sqs:GetQueueAttributes made',
      'sns:GetTopicAttributes made',
      'secretsmanager:GetResourcePolicy made',
      'apigateway:GET made',
    ]);
  });

  it('that are not there are known not to be', async () => {
    const { server, machine } = await aws({
      s3: { status: 404, body: '<Error><Code>NoSuchBucketPolicy</Code><Message>none</Message></Error>' },
      secretsmanager: { body: JSON.stringify({ ARN: ARNS.secret, Name: 'db/main' }) },
    });
    await using _server = server;
    const { state } = await collect(machine, EVERY.slice(0, 1), [denial(ARNS.secret)]);
    expect(state.resourcePolicies).toEqual({
      known: true,
      value: [
        { ResourceArn: ARNS.bucket, Action: 's3:GetBucketPolicy' },
        { ResourceArn: ARNS.secret, Action: 'secretsmanager:GetResourcePolicy' },
      ],
    });
  });

  it('that are refused, or do not come in time, say so for each resource', async () => {
    const { server, machine } = await aws({
      s3: { status: 403, body: '<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>' },
      kms: { status: 400, body: JSON.stringify({ __type: 'AccessDeniedException', Message: 'no' }) },
      sqs: { status: 400, body: JSON.stringify({ __type: 'com.amazonaws.sqs#ExpiredToken', message: 'old' }) },
    });
    await using _server = server;
    const started = performance.now();
    const { state, coverage } = await collect(machine, EVERY, EVERY_DENIAL, 400);
    expect(performance.now() - started).toBeLessThan(3_000);
    if (!state.resourcePolicies.known) throw new Error('unknown');
    const refusals = state.resourcePolicies.value.map(({ ResourceArn, Refusal }) => [ResourceArn, Refusal]);
    expect(refusals).toEqual([
      [ARNS.bucket, 'denied'],
      [ARNS.api, 'timeout'],
      [ARNS.key, 'denied'],
      [ARNS.queue, 'no-credentials'],
      [ARNS.topic, 'timeout'],
      [ARNS.secret, 'timeout'],
    ]);
    expect(coverage.every(({ outcome }) => outcome === 'refused')).toBe(true);
  });

  it('are not asked for without credentials, or where no resource is named', async () => {
    const { server, seen, machine } = await aws(GOOD);
    await using _server = server;
    const { AWS_ACCESS_KEY_ID: _key, ...env } = machine.env;
    const bare = await collect({ ...machine, env }, EVERY.slice(0, 1), []);
    expect(bare.state.resourcePolicies).toMatchObject({ value: [{ Refusal: 'no-credentials' }] });
    const none = await collect(machine, [target('sts.eu-west-1.amazonaws.com')], []);
    expect([none.state.resourcePolicies, none.coverage]).toEqual([{ known: false, why: 'not-asked' }, []]);
    expect(seen).toEqual([]);
  });
});
