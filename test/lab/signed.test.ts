/** The lab's services meet signed requests: signatures, every protocol's success and refusal. */
import { Agent } from 'node:https';
import { DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { callerIdentity, LAB_SIGNING } from '../../src/lab/iam/caller.ts';
import { type Lab, startLab } from '../../src/lab/lab.ts';
import { addNatGateway, healthyWorld, LAB, LAB_REGION, type World } from '../../src/lab/world.ts';
import { publicHost } from '../../src/lab/world-endpoints.ts';
import { type Received, type Sent, type Signing, send, signedHeaders } from './support/signed.ts';

const world: World = healthyWorld();
const ARN = callerIdentity(world).Arn;
addNatGateway(world);

/** A service's public side, reached through the NAT gateway. */
const HOSTS: Record<string, { readonly host: string; readonly address: string }> = {};
for (const [i, label] of [
  ...['kms', 'sqs', 'sns', 'dynamodb', 'logs', 'monitoring', 'ssm', 'ec2', 'ecs', 'api.ecr', 'lambda', 'events'],
  ...['states', 'kinesis', 'cloudformation', 'eks', 'firehose', 'acm', 'codebuild', 'autoscaling'],
].entries()) {
  const address = `52.94.20.${i + 1}`;
  publicHost(world, label, address);
  HOSTS[label] = { host: `${label}.${LAB_REGION}.amazonaws.com`, address };
}
HOSTS['secretsmanager'] = { host: LAB.secretsHost, address: LAB.publicSecretsAddress };
HOSTS['sts'] = { host: `sts.${LAB_REGION}.amazonaws.com`, address: '52.94.10.20' };
HOSTS['s3'] = { host: LAB.s3Host, address: LAB.publicS3Address };

const place = (label: string) => {
  const found = HOSTS[label];
  if (found === undefined) throw new Error(`no host ${label}`);
  return found;
};

const lab: Lab = await startLab(world);
afterAll(async () => await lab.stop());
beforeEach(() => {
  delete world.identityPolicies;
  delete world.organization;
});

const form = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
const query = (label: string, action: string, version: string): Sent => ({
  ...place(label),
  method: 'POST',
  headers: form,
  body: new URLSearchParams({ Action: action, Version: version }).toString(),
});
const json = (label: string, target: string, input: object = {}): Sent => ({
  ...place(label),
  method: 'POST',
  headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target },
  body: JSON.stringify(input),
});
const get = (label: string, path: string): Sent => ({ ...place(label), path });
const errorCode = ({ body, headers }: Received): string =>
  /<Code>([^<]+)/.exec(body)?.[1] ?? /"__type":"([^"]+)/.exec(body)?.[1] ?? String(headers['x-amzn-errortype']);

const DENY_ALL = [{ Version: '2012-10-17', Statement: [{ Effect: 'Deny', Action: '*', Resource: '*' }] }];

/** What is asked, signed for which service, what comes back, and what a refusal is called. */
const READS: readonly [name: string, sent: Sent, service: string, success: string, refusal: string, status: number][] =
  [
    [
      'secretsmanager:ListSecrets',
      json('secretsmanager', 'secretsmanager.ListSecrets'),
      'secretsmanager',
      '{"SecretList":[]}',
      'AccessDeniedException',
      400,
    ],
    [
      'kms:ListAliases',
      json('kms', 'TrentService.ListAliases'),
      'kms',
      '{"Aliases":[],"Truncated":false}',
      'AccessDeniedException',
      400,
    ],
    ['sqs:listqueues', json('sqs', 'AmazonSQS.ListQueues'), 'sqs', '{}', 'AccessDeniedException', 400],
    ['SNS:ListTopics', query('sns', 'ListTopics', '2010-03-31'), 'sns', '<Topics/>', 'AuthorizationError', 403],
    [
      'dynamodb:ListTables',
      json('dynamodb', 'DynamoDB_20120810.ListTables'),
      'dynamodb',
      '{"TableNames":[]}',
      'AccessDeniedException',
      400,
    ],
    [
      'logs:DescribeResourcePolicies',
      json('logs', 'Logs_20140328.DescribeResourcePolicies'),
      'logs',
      '{"resourcePolicies":[]}',
      'AccessDeniedException',
      400,
    ],
    [
      'cloudwatch:ListMetrics',
      query('monitoring', 'ListMetrics', '2010-08-01'),
      'monitoring',
      '<Metrics/>',
      'AccessDenied',
      403,
    ],
    [
      'ssm:DescribeInstanceInformation',
      json('ssm', 'AmazonSSM.DescribeInstanceInformation'),
      'ssm',
      '{"InstanceInformationList":[]}',
      'AccessDeniedException',
      400,
    ],
    [
      'ec2:DescribeRegions',
      query('ec2', 'DescribeRegions', '2016-11-15'),
      'ec2',
      '<regionInfo/>',
      'UnauthorizedOperation',
      403,
    ],
    [
      'ecs:ListClusters',
      json('ecs', 'AmazonEC2ContainerServiceV20141113.ListClusters'),
      'ecs',
      '{"clusterArns":[]}',
      'AccessDeniedException',
      400,
    ],
    [
      'ecr:GetAuthorizationToken',
      json('api.ecr', 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken'),
      'ecr',
      'proxyEndpoint',
      'AccessDeniedException',
      400,
    ],
    [
      'lambda:ListFunctions',
      get('lambda', '/2015-03-31/functions/?MaxItems=1'),
      'lambda',
      '{"Functions":[]}',
      'AccessDeniedException',
      403,
    ],
    ['eks:ListClusters', get('eks', '/clusters?maxResults=1'), 'eks', '{"clusters":[]}', 'AccessDeniedException', 403],
    [
      'events:ListEventBuses',
      json('events', 'AWSEvents.ListEventBuses'),
      'events',
      '{"EventBuses":[]}',
      'AccessDeniedException',
      400,
    ],
    [
      'states:ListStateMachines',
      json('states', 'AWSStepFunctions.ListStateMachines'),
      'states',
      '{"stateMachines":[]}',
      'AccessDeniedException',
      400,
    ],
    [
      'kinesis:DescribeLimits',
      json('kinesis', 'Kinesis_20131202.DescribeLimits'),
      'kinesis',
      'ShardLimit',
      'AccessDeniedException',
      400,
    ],
    [
      'firehose:ListDeliveryStreams',
      json('firehose', 'Firehose_20150804.ListDeliveryStreams'),
      'firehose',
      'DeliveryStreamNames',
      'AccessDeniedException',
      400,
    ],
    [
      'cloudformation:ListStacks',
      query('cloudformation', 'ListStacks', '2010-05-15'),
      'cloudformation',
      '<StackSummaries/>',
      'AccessDenied',
      403,
    ],
    [
      'autoscaling:DescribeAutoScalingGroups',
      query('autoscaling', 'DescribeAutoScalingGroups', '2011-01-01'),
      'autoscaling',
      '<AutoScalingGroups/>',
      'AccessDenied',
      403,
    ],
    [
      'acm:ListCertificates',
      json('acm', 'CertificateManager.ListCertificates'),
      'acm',
      'CertificateSummaryList',
      'AccessDeniedException',
      400,
    ],
    [
      'codebuild:ListProjects',
      json('codebuild', 'CodeBuild_20161006.ListProjects'),
      'codebuild',
      '{"projects":[]}',
      'AccessDeniedException',
      400,
    ],
    ['s3:ListAllMyBuckets', get('s3', '/'), 's3', '<Buckets/>', 'AccessDenied', 403],
    ['s3:ListBucket', get('s3', '/data?list-type=2&max-keys=1'), 's3', '<Name>data</Name>', 'AccessDenied', 403],
    [
      's3:GetBucketLocation',
      get('s3', '/data?location'),
      's3',
      `<LocationConstraint>${LAB_REGION}`,
      'AccessDenied',
      403,
    ],
  ];

describe('a signed read', () => {
  test.each(READS)('%s is done', async (_, sent, service, success) => {
    const answer = await send(lab, sent, { service });
    expect(answer.body).toContain(success);
    expect(answer.status).toBe(200);
    expect(answer.headers['x-amzn-requestid'] ?? answer.headers['x-amz-request-id']).toBeTruthy();
  });

  test.each(READS)('%s is refused', async (action, sent, service, _, refusal, status) => {
    world.identityPolicies = DENY_ALL;
    const answer = await send(lab, sent, { service });
    expect([errorCode(answer), answer.status]).toEqual([refusal, status]);
    const words = answer.body.replaceAll('&#34;', '"');
    expect(words).toContain(`User: ${ARN} is not authorized to perform: ${action}`);
    expect(words).toMatch(/ with an explicit deny in an identity-based policy\b/);
  });
});

/** What a client of the SDK needs to find a public name at the lab's port. */
function sdkOptions(label: string) {
  const { host, address } = place(label);
  const httpsAgent = new Agent({
    ca: [...(lab.host.wire.certificateAuthorities ?? [])],
    lookup: (_host, _options, found) => found(null, '127.0.0.1', 4),
    autoSelectFamily: false,
  });
  return {
    region: LAB_REGION,
    maxAttempts: 1,
    endpoint: `https://${host}:${lab.host.wire.route('tcp', address, 443)?.port}`,
    requestHandler: { httpsAgent },
  };
}

describe('through the SDK', () => {
  test('STS says who asks, and EC2 describes the world', async () => {
    const sts = new STSClient({ ...sdkOptions('sts'), credentials: LAB_SIGNING.good });
    expect((await sts.send(new GetCallerIdentityCommand())).Arn).toBe(ARN);
    const ec2 = new EC2Client({ ...sdkOptions('ec2'), credentials: LAB_SIGNING.good });
    expect((await ec2.send(new DescribeVpcsCommand())).Vpcs?.map(({ VpcId }) => VpcId)).toEqual([LAB.vpc]);
    sts.destroy();
    ec2.destroy();
  });

  test.each([
    ['unknown', 'InvalidClientTokenId', 'AuthFailure'],
    ['expired', 'ExpiredToken', 'RequestExpired'],
  ] as const)('credentials that are %s are so called', async (kind, ofSts, ofEc2) => {
    const sts = new STSClient({ ...sdkOptions('sts'), credentials: LAB_SIGNING[kind] });
    const ec2 = new EC2Client({ ...sdkOptions('ec2'), credentials: LAB_SIGNING[kind] });
    // The SDK has an exception of its own for an expired token, whose name is longer.
    await expect(sts.send(new GetCallerIdentityCommand())).rejects.toMatchObject({
      name: expect.stringMatching(new RegExp(`^${ofSts}`)),
    });
    await expect(ec2.send(new DescribeVpcsCommand())).rejects.toMatchObject({ name: ofEc2 });
    sts.destroy();
    ec2.destroy();
  });

  test('a refusal of EC2 is an exception with its words', async () => {
    world.identityPolicies = DENY_ALL;
    const ec2 = new EC2Client({ ...sdkOptions('ec2'), credentials: LAB_SIGNING.good });
    await expect(ec2.send(new DescribeVpcsCommand())).rejects.toMatchObject({
      name: 'UnauthorizedOperation',
      message: `You are not authorized to perform this operation. User: ${ARN} is not authorized to perform: ec2:DescribeVpcs with an explicit deny in an identity-based policy`,
    });
    ec2.destroy();
  });

  test('no policy of the caller’s forbids GetCallerIdentity', async () => {
    world.identityPolicies = DENY_ALL;
    world.organization = { serviceControlPolicies: DENY_ALL };
    const sts = new STSClient({ ...sdkOptions('sts'), credentials: LAB_SIGNING.good });
    expect((await sts.send(new GetCallerIdentityCommand())).Account).toBe(world.accountId);
    sts.destroy();
  });
});

describe('a signature', () => {
  const asked: Record<string, readonly [Sent, string]> = {
    json: [json('kms', 'TrentService.ListAliases'), 'kms'],
    query: [query('sns', 'ListTopics', '2010-03-31'), 'sns'],
    rest: [get('lambda', '/2015-03-31/functions/'), 'lambda'],
    s3: [get('s3', '/'), 's3'],
    ec2: [query('ec2', 'DescribeRegions', '2016-11-15'), 'ec2'],
  };
  const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);
  const wrongSecret = { ...LAB_SIGNING.good, secretAccessKey: 'wrong' };
  const cases: readonly (readonly [string, Omit<Signing, 'service'>, Record<string, string>])[] = [
    [
      'by a key that nobody has',
      { credentials: LAB_SIGNING.unknown },
      {
        json: 'UnrecognizedClientException',
        query: 'InvalidClientTokenId',
        rest: 'UnrecognizedClientException',
        s3: 'InvalidAccessKeyId',
        ec2: 'AuthFailure',
      },
    ],
    [
      'by a token that is no longer good',
      { credentials: LAB_SIGNING.expired },
      {
        json: 'ExpiredTokenException',
        query: 'ExpiredToken',
        rest: 'ExpiredTokenException',
        s3: 'ExpiredToken',
        ec2: 'RequestExpired',
      },
    ],
    [
      'by another secret',
      { credentials: wrongSecret },
      {
        json: 'InvalidSignatureException',
        query: 'SignatureDoesNotMatch',
        rest: 'InvalidSignatureException',
        s3: 'SignatureDoesNotMatch',
        ec2: 'AuthFailure',
      },
    ],
    [
      'of twenty minutes ago',
      { date: minutesAgo(20) },
      {
        json: 'InvalidSignatureException',
        query: 'SignatureDoesNotMatch',
        rest: 'InvalidSignatureException',
        s3: 'RequestTimeTooSkewed',
        ec2: 'RequestExpired',
      },
    ],
  ];
  test.each(
    cases.flatMap(([what, signing, codes]) =>
      Object.entries(codes).map(([form, code]) => [what, form, code, signing] as const),
    ),
  )('%s: %s says %s', async (_, form, code, signing) => {
    const [sent, service] = asked[form] ?? [];
    if (sent === undefined || service === undefined) throw new Error(form);
    const answer = await send(lab, sent, { service, ...signing });
    expect(errorCode(answer)).toBe(code);
    expect(answer.status).toBeGreaterThanOrEqual(400);
  });

  test.each([
    [4, 200],
    [6, 400],
  ])('%i minutes old gets status %i', async (minutes, status) => {
    const answer = await send(lab, json('kms', 'TrentService.ListAliases'), {
      service: 'kms',
      date: minutesAgo(minutes),
    });
    expect(answer.status).toBe(status);
  });

  test('a clock that is behind is told the times', async () => {
    const answer = await send(lab, query('sns', 'ListTopics', '2010-03-31'), { service: 'sns', date: minutesAgo(20) });
    expect(answer.body).toMatch(/Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(.*- 5 min\.\)/);
  });

  test('for another service, or of another body or path, is none', async () => {
    const sent = json('kms', 'TrentService.ListAliases');
    expect(errorCode(await send(lab, sent, { service: 'sqs' }))).toBe('InvalidSignatureException');
    const headers = await signedHeaders(sent, { service: 'kms' });
    expect((await send(lab, { ...sent, headers })).status).toBe(200);
    expect(errorCode(await send(lab, { ...sent, headers, body: '{"Limit":1}' }))).toBe('InvalidSignatureException');
    expect(errorCode(await send(lab, { ...sent, headers, path: '/other' }))).toBe('InvalidSignatureException');
  });

  test('of a malformed header is incomplete', async () => {
    const headers = { authorization: 'AWS4-HMAC-SHA256 Credential=AKIA', 'x-amz-target': 'TrentService.ListAliases' };
    expect(errorCode(await send(lab, { ...place('kms'), method: 'POST', headers }))).toBe(
      'IncompleteSignatureException',
    );
  });

  test('with an operation that nobody has is answered so', async () => {
    const answer = await send(lab, json('kms', 'TrentService.ListUnicorns'), { service: 'kms' });
    expect([answer.status, errorCode(answer)]).toEqual([404, 'UnknownOperationException']);
  });

  test('is nothing to a server that is not AWS', async () => {
    const signed = await send(lab, { host: 'example.com', address: '198.51.100.10' }, { service: 's3' });
    expect(signed.body).toBe('It works.\n');
  });
});

test('a client whose clock is off signs with a time that the services do not take', async () => {
  const skewed = healthyWorld();
  skewed.client.clockAheadMs = 20 * 60_000;
  const other = await startLab(skewed);
  const sent = { ...json('secretsmanager', 'secretsmanager.ListSecrets'), address: LAB.secretsAddressA };
  const answer = await send(other, sent, { service: 'secretsmanager' });
  await other.stop();
  expect(answer.body).toContain('Signature not yet current');
});
