/** How each kind of resource is asked for its policy: the request, and where the policy stands in the answer. */
import { unescapeXml } from '../model/text.ts';
import { partitionOfRegion } from '../services/partitions.ts';
import type { ReadRequest } from '../services/signed-reads.ts';
import type { CallName } from './calls.ts';
import type { ApiService } from './settings.ts';

export type PolicyRead = {
  readonly call: CallName;
  readonly service: ApiService;
  /** which ARNs it is for */
  readonly fits: RegExp;
  readonly request: (arn: string) => ReadRequest;
  /** the policy in the body of a good answer; undefined: the resource has none */
  readonly policyIn: (body: string) => string | undefined;
  /** the service's code for a resource without a policy */
  readonly none?: string;
};

/**
 * API references: AmazonS3 GetBucketPolicy (path-style, so that dots in a bucket's name meet no certificate), KMS
 * GetKeyPolicy, SQS GetQueueAttributes, SNS GetTopicAttributes, Secrets Manager GetResourcePolicy, API Gateway GetRestApi.
 */
export const POLICY_READS: readonly PolicyRead[] = [
  {
    call: 'GetBucketPolicy',
    service: 's3',
    fits: /^arn:[\w-]+:s3:::[a-z0-9.-]+$/,
    request: (arn) => ({ method: 'GET', path: `/${lastOf(arn)}?policy=`, headers: {}, body: '' }),
    policyIn: (body) => (isPolicy(body) ? body : undefined),
    none: 'NoSuchBucketPolicy',
  },
  {
    call: 'GetKeyPolicy',
    service: 'kms',
    fits: /^arn:[\w-]+:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/,
    request: (arn) => json('1.1', 'TrentService.GetKeyPolicy', { KeyId: arn, PolicyName: 'default' }),
    policyIn: (body) => text(parsed(body)['Policy']),
  },
  {
    call: 'GetQueueAttributes',
    service: 'sqs',
    fits: /^arn:[\w-]+:sqs:[a-z0-9-]+:\d{12}:[\w.-]+$/,
    request: (arn) =>
      json('1.0', 'AmazonSQS.GetQueueAttributes', { QueueUrl: queueUrl(arn), AttributeNames: ['Policy'] }),
    policyIn: (body) => text(Object(parsed(body)['Attributes']).Policy),
  },
  {
    call: 'GetTopicAttributes',
    service: 'sns',
    fits: /^arn:[\w-]+:sns:[a-z0-9-]+:\d{12}:[\w.-]+$/,
    request: (arn) => ({
      method: 'POST',
      path: '/',
      headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
      body: new URLSearchParams({ Action: 'GetTopicAttributes', Version: '2010-03-31', TopicArn: arn }).toString(),
    }),
    policyIn: topicPolicy,
  },
  {
    call: 'GetResourcePolicy',
    service: 'secretsmanager',
    fits: /^arn:[\w-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@!-]+$/,
    request: (arn) => json('1.1', 'secretsmanager.GetResourcePolicy', { SecretId: arn }),
    policyIn: (body) => text(parsed(body)['ResourcePolicy']),
  },
  {
    call: 'GetRestApi',
    service: 'apigateway',
    fits: /^arn:[\w-]+:apigateway:[a-z0-9-]+::\/restapis\/[a-z0-9]+$/,
    request: (arn) => ({ method: 'GET', path: arn.slice(arn.indexOf('/')), headers: {}, body: '' }),
    policyIn: (body) => unescapedPolicy(text(parsed(body)['policy'])),
  },
];

/**
 * The policy text of API Gateway comes with its quotes escaped once more than JSON asks: `{\"Version\":…`.
 * https://docs.aws.amazon.com/apigateway/latest/api/API_RestApi.html
 */
export function unescapedPolicy(policy: string | undefined): string | undefined {
  return policy === undefined || isPolicy(policy) ? policy : policy.replace(/\\(["\\/])/g, '$1');
}

function json(version: '1.0' | '1.1', target: string, input: object): ReadRequest {
  const headers = { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': target };
  return { method: 'POST', path: '/', headers, body: JSON.stringify(input) };
}

function queueUrl(arn: string): string {
  const [, , , region = '', account, name] = arn.split(':');
  return `https://sqs.${region}.${partitionOfRegion(region).dnsSuffix}/${account}/${name}`;
}

/** https://docs.aws.amazon.com/sns/latest/api/API_GetTopicAttributes.html */
function topicPolicy(body: string): string | undefined {
  const value = /<key>Policy<\/key>\s*<value>([^<]*)<\/value>/.exec(body)?.[1];
  return value === undefined ? undefined : unescapeXml(value);
}

function lastOf(arn: string): string {
  return arn.slice(arn.lastIndexOf(':') + 1);
}

function isPolicy(body: string): boolean {
  return 'Statement' in parsed(body);
}

function parsed(body: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(body));
  } catch {
    return {};
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
