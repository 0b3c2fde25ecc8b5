/** Answers about access: who asks, the policies of resources and of the caller, as the AWS CLI prints them. */
import type { AccessSliceName } from '../model/state.ts';
import { unescapedPolicy } from './policy-reads.ts';

type Json = Readonly<Record<string, unknown>>;
type Read = {
  readonly slice: AccessSliceName;
  readonly elements: readonly unknown[];
  /** top-level keys that were understood */
  readonly keys: string[];
  readonly warning?: string | undefined;
};

/** Each takes one document, with the name that warnings give it, and returns what it understood of it; undefined when it is another's. */
export const ACCESS_DOCUMENT_READERS: readonly ((name: string, document: Json) => Read | undefined)[] = [
  readCaller,
  readPolicy,
  readAttributes,
  readSecretPolicy,
  readRestApi,
  readIdentityPolicy,
  readPolicyVersion,
];

/** `sts get-caller-identity` */
function readCaller(_name: string, document: Json): Read | undefined {
  const { Arn, Account, UserId } = document;
  if (typeof Arn !== 'string' || typeof Account !== 'string') return undefined;
  return { slice: 'callerIdentities', elements: [{ Arn, Account, UserId }], keys: ['Arn', 'Account', 'UserId'] };
}

/** `s3api get-bucket-policy` and `kms get-key-policy` print the policy alone, and not whose it is. */
function readPolicy(name: string, document: Json): Read | undefined {
  const { Policy, ResourceArn } = document;
  if (typeof Policy !== 'string') return undefined;
  const keys = ['Policy', 'PolicyName', 'RevisionId', 'ResourceArn'];
  const arn = typeof ResourceArn === 'string' ? ResourceArn : resourceIn(Policy);
  return policyOf(name, arn, Policy, keys);
}

/** `sqs get-queue-attributes` and `sns get-topic-attributes`; a load balancer's attributes are a list. */
function readAttributes(name: string, document: Json): Read | undefined {
  const attributes = document['Attributes'];
  if (typeof attributes !== 'object' || attributes === null || Array.isArray(attributes)) return undefined;
  const { Policy, QueueArn, TopicArn } = attributes as Json;
  const arn = [QueueArn, TopicArn].find((one) => typeof one === 'string');
  if (typeof Policy === 'string')
    return policyOf(name, typeof arn === 'string' ? arn : resourceIn(Policy), Policy, ['Attributes']);
  // Whether all attributes were asked for, nobody knows; a policy that is not there need not be one that does not exist.
  return { slice: 'resourcePolicies', elements: [], keys: ['Attributes'] };
}

/** `secretsmanager get-resource-policy`; without a policy it prints ARN and Name alone. */
function readSecretPolicy(_name: string, document: Json): Read | undefined {
  const { ARN, Name, ResourcePolicy } = document;
  if (typeof ARN !== 'string' || !/^arn:[\w-]+:secretsmanager:/.test(ARN) || typeof Name !== 'string') return undefined;
  const others = Object.keys(document).filter((key) => !['ARN', 'Name', 'ResourcePolicy'].includes(key));
  // describe-secret prints more, and nothing of the policy.
  if (others.length > 0) return undefined;
  const policy = typeof ResourcePolicy === 'string' ? { Policy: ResourcePolicy } : {};
  return {
    slice: 'resourcePolicies',
    elements: [{ ResourceArn: ARN, ...policy }],
    keys: ['ARN', 'Name', 'ResourcePolicy'],
  };
}

/** `apigateway get-rest-api`: the Region is in none of its members but the policy. */
function readRestApi(name: string, document: Json): Read | undefined {
  const { id, apiKeySource, endpointConfiguration, policy } = document;
  if (typeof id !== 'string' || (apiKeySource === undefined && endpointConfiguration === undefined)) return undefined;
  const keys = Object.keys(document);
  if (typeof policy !== 'string') return { slice: 'resourcePolicies', elements: [], keys };
  const text = unescapedPolicy(policy) ?? policy;
  const [, partition, region] = /"arn:([\w-]+):execute-api:([a-z0-9-]+):/.exec(text) ?? [];
  const arn = region === undefined ? undefined : `arn:${partition}:apigateway:${region}::/restapis/${id}`;
  return policyOf(name, arn, text, keys);
}

/** `iam get-role-policy`, `get-user-policy` and `get-group-policy`; the CLI prints the document as an object. */
function readIdentityPolicy(_name: string, document: Json): Read | undefined {
  const { PolicyName, PolicyDocument, RoleName, UserName, GroupName } = document;
  if (typeof PolicyName !== 'string' || PolicyDocument === undefined) return undefined;
  if ([RoleName, UserName, GroupName].every((one) => typeof one !== 'string')) return undefined;
  return {
    slice: 'identityPolicies',
    elements: [{ PolicyName, PolicyDocument: textOf(PolicyDocument), RoleName, UserName }],
    keys: ['PolicyName', 'PolicyDocument', 'RoleName', 'UserName', 'GroupName'],
  };
}

/** `iam get-policy-version` does not name the policy: the document's own name has to do. */
function readPolicyVersion(name: string, document: Json): Read | undefined {
  const version = document['PolicyVersion'];
  if (typeof version !== 'object' || version === null) return undefined;
  const { Document: policy, IsDefaultVersion } = version as Json;
  const keys = ['PolicyVersion'];
  if (policy === undefined)
    return {
      slice: 'identityPolicies',
      elements: [],
      keys,
      warning: `${name} holds a policy version without its Document.`,
    };
  // Only the default version is in force: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetPolicyVersion.html
  if (IsDefaultVersion === false) {
    const warning = `${name} is a policy version that is not the default one; it is not in force, and not used.`;
    return { slice: 'identityPolicies', elements: [], keys, warning };
  }
  return { slice: 'identityPolicies', elements: [{ PolicyName: name, PolicyDocument: textOf(policy) }], keys };
}

function policyOf(name: string, arn: string | undefined, policy: string, keys: string[]): Read {
  const slice = 'resourcePolicies';
  if (arn !== undefined) return { slice, elements: [{ ResourceArn: arn, Policy: policy }], keys };
  const warning = `${name} does not say whose Policy it holds, and the policy names no single resource; add "ResourceArn": "arn:…" to it.`;
  return { slice, elements: [], keys, warning };
}

/** The one resource that every statement of a policy is about: a bucket for its objects too. */
function resourceIn(policy: string): string | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(policy);
  } catch {
    return undefined;
  }
  const statements = [Object(parsed).Statement].flat() as unknown[];
  const resources = statements.flatMap((statement) => [Object(statement).Resource].flat() as unknown[]);
  const owners = new Set(resources.map((one) => (typeof one === 'string' ? ownerOf(one) : undefined)));
  const [owner] = owners;
  return owners.size === 1 ? owner : undefined;
}

/** The ARN of the bucket, queue, topic, secret or key that a Resource is of; undefined for a pattern of several. */
function ownerOf(resource: string): string | undefined {
  const bucket = /^(arn:[\w-]+:s3:::[a-z0-9.-]+)(?:\/.*)?$/.exec(resource)?.[1];
  if (bucket !== undefined) return bucket;
  return /^arn:[\w-]+:(?:sqs|sns|secretsmanager|kms):[^*?$]+$/.test(resource) ? resource : undefined;
}

function textOf(document: unknown): string {
  if (typeof document !== 'string') return JSON.stringify(document);
  // IAM's API gives the document URL-encoded (RFC 3986); the CLI decodes it.
  try {
    return document.startsWith('%7B') ? decodeURIComponent(document) : document;
  } catch {
    return document;
  }
}
