/** What a service answers when it does what it is asked: as little as its API reference allows. */
import { randomUUID } from 'node:crypto';
import { escapeXml } from '../ec2-wire.ts';
import type { HttpAnswer } from '../service-answers.ts';
import type { World } from '../world.ts';
import { callerIdentity } from './caller.ts';
import type { Operation } from './operation.ts';
import { fromS3, type Refusal, writeRefusal } from './wording.ts';

/** The password that ecr:GetAuthorizationToken gives for a registry. */
export const REGISTRY_TOKEN = 'lab-registry-token';

/** The answer; undefined when the lab does not have the operation, which a service says as it says that it is none. */
export async function succeed(world: World, operation: Operation, body: Buffer): Promise<HttpAnswer | undefined> {
  const { protocol, prefix, action, input } = operation;
  switch (protocol) {
    case 's3':
      return s3(world, operation);
    case 'ec2': {
      if (action === 'DescribeRegions')
        return xml(
          `<DescribeRegionsResponse><requestId>${randomUUID()}</requestId><regionInfo/></DescribeRegionsResponse>`,
        );
      const { answerEc2 } = await import('../ec2-api.ts');
      const answer = await answerEc2(world, action, new URLSearchParams(body.toString()));
      return typeof answer === 'string' ? xml(answer) : writeRefusal('ec2', answer);
    }
    case 'query': {
      const result = QUERY[`${prefix}:${action}`]?.(world, input);
      if (result === undefined) return undefined;
      const metadata = `<ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata>`;
      return xml(`<${action}Response><${action}Result>${result}</${action}Result>${metadata}</${action}Response>`);
    }
    case 'json':
    case 'rest-json': {
      const output = JSON_OUTPUTS[`${prefix}:${action}`]?.(world, input);
      if (output === undefined) return undefined;
      const type = protocol === 'json' ? 'application/x-amz-json-1.1' : 'application/json';
      return {
        status: 200,
        headers: { 'content-type': type, 'x-amzn-requestid': randomUUID() },
        body: JSON.stringify(output),
      };
    }
  }
}

/** What a service says of an operation that it does not have. */
export function unknownOperation(operation: Operation | undefined): Refusal {
  if (operation?.protocol === 'query')
    return { status: 400, code: 'InvalidAction', message: `Could not find operation ${operation.action}` };
  if (operation?.protocol === 's3')
    return {
      status: 501,
      code: 'NotImplemented',
      message: 'A header or query you provided requested a function that is not implemented.',
    };
  return { status: 404, code: 'UnknownOperationException', message: 'Unknown operation' };
}

type Output<T> = (world: World, input: Readonly<Record<string, unknown>>) => T;

/** By action; empty lists, because the world has none of these things. */
const JSON_OUTPUTS: Readonly<Record<string, Output<object>>> = {
  'secretsmanager:ListSecrets': () => ({ SecretList: [] }),
  'secretsmanager:GetSecretValue': ({ region, accountId }, { SecretId }) => ({
    ARN: String(SecretId).startsWith('arn:')
      ? SecretId
      : `arn:aws:secretsmanager:${region}:${accountId}:secret:${SecretId}`,
    Name: SecretId,
    SecretString: 'a secret of the lab',
  }),
  'kms:ListKeys': () => ({ Keys: [], Truncated: false }),
  'kms:ListAliases': () => ({ Aliases: [], Truncated: false }),
  'kms:DescribeKey': (_, { KeyId }) => ({ KeyMetadata: { KeyId, Enabled: true, KeyState: 'Enabled' } }),
  'sqs:ListQueues': () => ({}),
  'sns:ListTopics': () => ({ Topics: [] }),
  'dynamodb:ListTables': () => ({ TableNames: [] }),
  'dynamodb:DescribeEndpoints': ({ region }) => ({
    Endpoints: [{ Address: `dynamodb.${region}.amazonaws.com`, CachePeriodInMinutes: 1440 }],
  }),
  'dynamodb:DescribeLimits': () => ({ AccountMaxReadCapacityUnits: 80000, AccountMaxWriteCapacityUnits: 80000 }),
  'logs:DescribeResourcePolicies': () => ({ resourcePolicies: [] }),
  'logs:DescribeLogGroups': () => ({ logGroups: [] }),
  'cloudwatch:ListMetrics': () => ({ Metrics: [] }),
  'cloudwatch:DescribeAlarms': () => ({ MetricAlarms: [], CompositeAlarms: [] }),
  'ssm:DescribeParameters': () => ({ Parameters: [] }),
  'ssm:GetParameter': (_, { Name }) => ({ Parameter: { Name, Type: 'String', Value: 'a parameter of the lab' } }),
  'ssm:DescribeInstanceInformation': () => ({ InstanceInformationList: [] }),
  'ssm:ListDocuments': () => ({ DocumentIdentifiers: [] }),
  'ecs:ListClusters': () => ({ clusterArns: [] }),
  'ecr:DescribeRepositories': () => ({ repositories: [] }),
  'ecr:GetAuthorizationToken': ({ region, accountId }) => ({
    authorizationData: [
      {
        authorizationToken: Buffer.from(`AWS:${REGISTRY_TOKEN}`).toString('base64'),
        proxyEndpoint: `https://${accountId}.dkr.ecr.${region}.amazonaws.com`,
      },
    ],
  }),
  'events:ListEventBuses': () => ({ EventBuses: [] }),
  'events:ListRules': () => ({ Rules: [] }),
  'states:ListStateMachines': () => ({ stateMachines: [] }),
  'states:ListActivities': () => ({ activities: [] }),
  'kinesis:ListStreams': () => ({ StreamNames: [], HasMoreStreams: false }),
  'kinesis:DescribeLimits': () => ({ ShardLimit: 500, OpenShardCount: 0 }),
  'lambda:ListFunctions': () => ({ Functions: [] }),
  'lambda:GetAccountSettings': () => ({ AccountLimit: {}, AccountUsage: { FunctionCount: 0 } }),
  'eks:ListClusters': () => ({ clusters: [] }),
  'elasticfilesystem:DescribeFileSystems': () => ({ FileSystems: [] }),
  'firehose:ListDeliveryStreams': () => ({ DeliveryStreamNames: [], HasMoreDeliveryStreams: false }),
  'acm:ListCertificates': () => ({ CertificateSummaryList: [] }),
  'codebuild:ListProjects': () => ({ projects: [] }),
};

const QUERY: Readonly<Record<string, Output<string>>> = {
  'sts:GetCallerIdentity': (world) =>
    Object.entries(callerIdentity(world))
      .map(([name, value]) => `<${name}>${escapeXml(value)}</${name}>`)
      .join(''),
  'sns:ListTopics': () => '<Topics/>',
  'sqs:ListQueues': () => '',
  'cloudwatch:ListMetrics': () => '<Metrics/>',
  'cloudwatch:DescribeAlarms': () => '<MetricAlarms/>',
  'cloudformation:ListStacks': () => '<StackSummaries/>',
  'cloudformation:DescribeStacks': () => '<Stacks/>',
  'cloudformation:ListExports': () => '<Exports/>',
  'autoscaling:DescribeAutoScalingGroups': () => '<AutoScalingGroups/>',
  'elasticloadbalancing:DescribeLoadBalancers': () => '<LoadBalancers/>',
};

function s3({ accountId, region }: World, { action, input }: Operation): HttpAnswer | undefined {
  const owner = `<Owner><ID>${accountId}</ID></Owner>`;
  switch (action) {
    case 'ListAllMyBuckets':
      return fromS3(200, `<ListAllMyBucketsResult>${owner}<Buckets/></ListAllMyBucketsResult>`);
    case 'ListBucket':
      return fromS3(
        200,
        `<ListBucketResult><Name>${escapeXml(String(input['bucket']))}</Name><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>`,
      );
    case 'GetBucketLocation':
      return fromS3(200, `<LocationConstraint>${region}</LocationConstraint>`);
    case 'GetObject':
      return fromS3(200, `${String(input['key'])}\n`, 'binary/octet-stream');
    default:
      return undefined;
  }
}

function xml(body: string): HttpAnswer {
  return {
    status: 200,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': randomUUID() },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}`,
  };
}
