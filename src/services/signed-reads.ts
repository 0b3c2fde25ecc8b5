/** One harmless read call for each service that has one which needs no resource: what `--signed` asks. */
import { matchHost } from './catalogue.ts';
import { partitionOfRegion } from './partitions.ts';
import { bucketOfHost, isOwnHost } from './s3-hosts.ts';

/** Farther off than this, AWS takes no signature (facts.md 10; IAM User Guide, reference_aws-signing); S3 allows fifteen minutes. */
export const MOST_SKEW_MS = 300_000;

export type ReadRequest = {
  readonly method: 'GET' | 'POST';
  /** with its query */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

export type SignedRead = {
  /** the service's id in our table */
  readonly service: string;
  /** the IAM action: `secretsmanager:ListSecrets` */
  readonly action: string;
  /** the service's name in the credential scope of a signature */
  readonly signingName: string;
  /** the ARN that the request is about; `*` where the action has no resource */
  readonly resource: (host: string) => string;
  readonly request: (host: string, region: string) => ReadRequest;
};

/**
 * Actions by the Service Authorization Reference (https://docs.aws.amazon.com/service-authorization/latest/reference/…): each
 * lists or reads, and none but S3's has a resource, so that a policy allows it for `*` or not at all. Protocols, target
 * headers, versions and paths: the services' models (botocore, data/…/service-2.json).
 *
 * ECR is asked what every pull asks first; an endpoint policy for pulls allows hardly anything else. The token in
 * its answer is not read. Where a service's usual list call has a resource (logs:DescribeLogGroups), another stands here.
 */
export const SIGNED_READS: readonly SignedRead[] = [
  query('sts', 'GetCallerIdentity', '2011-06-15'),
  json('secretsmanager', 'ListSecrets', 'secretsmanager', { MaxResults: 1 }),
  json('kms', 'ListAliases', 'TrentService', { Limit: 1 }),
  json('sqs', 'ListQueues', 'AmazonSQS', { MaxResults: 1 }, { version: '1.0' }),
  query('sns', 'ListTopics', '2010-03-31'),
  json('dynamodb', 'ListTables', 'DynamoDB_20120810', { Limit: 1 }, { version: '1.0' }),
  json('logs', 'DescribeResourcePolicies', 'Logs_20140328', { limit: 1 }),
  query('monitoring', 'ListMetrics', '2010-08-01', { name: 'monitoring', prefix: 'cloudwatch' }),
  json('ssm', 'DescribeInstanceInformation', 'AmazonSSM', { MaxResults: 5 }),
  query('ec2', 'DescribeRegions', '2016-11-15'),
  json('ecs', 'ListClusters', 'AmazonEC2ContainerServiceV20141113', { maxResults: 1 }),
  json('ecr.api', 'GetAuthorizationToken', 'AmazonEC2ContainerRegistry_V20150921', {}, { name: 'ecr' }),
  rest('eks', 'ListClusters', '/clusters?maxResults=1'),
  rest('lambda', 'ListFunctions', '/2015-03-31/functions/?MaxItems=1'),
  json('events', 'ListEventBuses', 'AWSEvents', { Limit: 1 }),
  json('states', 'ListStateMachines', 'AWSStepFunctions', { maxResults: 1 }, { version: '1.0' }),
  json('kinesis-streams', 'DescribeLimits', 'Kinesis_20131202', {}, { name: 'kinesis' }),
  json('kinesis-firehose', 'ListDeliveryStreams', 'Firehose_20150804', { Limit: 1 }, { name: 'firehose' }),
  query('cloudformation', 'ListStacks', '2010-05-15'),
  query('autoscaling', 'DescribeAutoScalingGroups', '2011-01-01', { input: { MaxRecords: '1' } }),
  query('elasticloadbalancing', 'DescribeLoadBalancers', '2015-12-01', { input: { PageSize: '1' } }),
  json('acm', 'ListCertificates', 'CertificateManager', { MaxItems: 1 }),
  json('codebuild', 'ListProjects', 'CodeBuild_20161006', {}),
  {
    service: 's3',
    action: 's3:ListAllMyBuckets',
    signingName: 's3',
    resource: () => '*',
    request: () => get('/'),
  },
];

/** What a bucket's own host is asked: with the bucket's name in front, S3 answers for this bucket alone. */
const LIST_BUCKET: SignedRead = {
  service: 's3',
  action: 's3:ListBucket',
  signingName: 's3',
  resource: (host) => `arn:${matchHost(host)?.partition ?? 'aws'}:s3:::${bucketOfHost(host) ?? '*'}`,
  request: () => get('/?list-type=2&max-keys=1'),
};

/** Reads that every client of the service needs itself: who is refused one of these gets nothing done (docs: ECR, Registry authentication). */
export const NEEDED_READS: ReadonlySet<string> = new Set(['ecr:GetAuthorizationToken']);

/** Every action that a signed probe may ask for, once, sorted. */
export const SIGNED_ACTIONS: readonly string[] = [...SIGNED_READS, LIST_BUCKET].map(({ action }) => action).sort();

const BY_SERVICE = new Map(SIGNED_READS.map((read) => [read.service, read] as const));

/**
 * The read call for a host of a service. Undefined where there is none, and for every host that is not certainly this
 * service's own by its name: nothing signed ever goes to a name that customers or strangers can own, though it may end in
 * amazonaws.com (a load balancer's, an API's, a partner's endpoint service).
 */
export function signedReadFor(serviceId: string | undefined, host: string): SignedRead | undefined {
  const read = serviceId === undefined ? undefined : BY_SERVICE.get(serviceId);
  const match = matchHost(host);
  if (read === undefined || match?.service?.id !== read.service || match.variant === 'other') return undefined;
  if (signingRegion(host) === undefined) return undefined;
  if (read.service !== 's3') return read;
  if (bucketOfHost(host) !== undefined) return LIST_BUCKET;
  return isOwnHost(host) ? read : undefined;
}

/**
 * The Region in the credential scope for a host: the one in its name. A name without one (`sts.amazonaws.com`,
 * `bucket.s3.amazonaws.com`) is served, and signed for, in us-east-1.
 * https://docs.aws.amazon.com/general/latest/gr/sts.html
 */
export function signingRegion(host: string): string | undefined {
  const match = matchHost(host);
  return match?.region ?? (match?.variant === 'global' ? 'us-east-1' : undefined);
}

/** Whether the host's certificate should be signed by another public authority than Amazon's: China (facts.md 8). */
export function isInChina(host: string): boolean {
  const region = signingRegion(host);
  return region !== undefined && partitionOfRegion(region).id === 'aws-cn';
}

type Naming = {
  /** in the credential scope, where it is not the service's id */
  readonly name?: string;
  /** in IAM actions, where it is not the name in the credential scope */
  readonly prefix?: string;
};

function named(service: string, operation: string, { name = service, prefix = name }: Naming) {
  return { service, action: `${prefix}:${operation}`, signingName: name, resource: () => '*' };
}

/** https://smithy.io/2.0/aws/protocols/aws-query-protocol.html; EC2's variant differs in lists only. */
function query(
  service: string,
  operation: string,
  version: string,
  { input = {}, ...naming }: Naming & { readonly input?: Readonly<Record<string, string>> } = {},
): SignedRead {
  const body = new URLSearchParams({ Action: operation, Version: version, ...input }).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
  return {
    ...named(service, operation, naming),
    request: () => ({ method: 'POST', path: '/', headers, body }),
  };
}

/** https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html */
function json(
  service: string,
  operation: string,
  target: string,
  input: Readonly<Record<string, unknown>>,
  { version = '1.1', ...naming }: Naming & { readonly version?: '1.0' | '1.1' } = {},
): SignedRead {
  const headers = { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': `${target}.${operation}` };
  return {
    ...named(service, operation, naming),
    request: () => ({ method: 'POST', path: '/', headers, body: JSON.stringify(input) }),
  };
}

/** https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html */
function rest(service: string, operation: string, path: string): SignedRead {
  return { ...named(service, operation, {}), request: () => get(path) };
}

function get(path: string): ReadRequest {
  return { method: 'GET', path, headers: {}, body: '' };
}
