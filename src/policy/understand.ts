/** Finds the policy in what people have at hand: the bare document, or what the AWS CLI prints around it. */
import { parseJson } from '../model/json-text.ts';
import type { PolicySide } from './decide.ts';
import { type Policy, type PolicyKind, readPolicy } from './document.ts';
import type { JsonObject } from './edit-candidates.ts';

export type EndpointOfPolicy = {
  readonly vpceId?: string | undefined;
  readonly vpcId?: string | undefined;
  readonly serviceName?: string | undefined;
};

export type UnderstoodPolicy =
  | {
      readonly ok: true;
      readonly policy: Policy;
      /** the same as JSON, as it was read */
      readonly source: JsonObject;
      /** what was taken for the policy: `the policy document`, `the policy of vpce-0aa (Interface, …)` */
      readonly what: string;
      /** what the document says of the endpoint that carries the policy */
      readonly endpoint?: EndpointOfPolicy | undefined;
    }
  /** one line */
  | { readonly ok: false; readonly problem: string };

export type Wanted = {
  readonly side: PolicySide;
  /** how problems call the document */
  readonly name: string;
  /** the endpoint to take from a list of several */
  readonly vpceId?: string | undefined;
  /** the user says that the endpoint is a gateway endpoint */
  readonly gateway?: boolean | undefined;
};

/**
 * Reads one policy. Wire shapes: DescribeVpcEndpoints (PolicyDocument is text), S3 GetBucketPolicy and KMS GetKeyPolicy
 * (Policy), SQS GetQueueAttributes and SNS GetTopicAttributes (Attributes.Policy), Secrets Manager GetResourcePolicy
 * (ResourcePolicy), API Gateway GetRestApi (policy), ECR GetRepositoryPolicy (policyText), IAM GetRolePolicy and its like
 * (PolicyDocument) and GetPolicyVersion (PolicyVersion.Document), both of which the CLI prints as objects.
 */
export function understandPolicy(value: unknown, wanted: Wanted): UnderstoodPolicy {
  const { side, name, vpceId } = wanted;
  const problem = (text: string): UnderstoodPolicy => ({ ok: false, problem: `${name} ${text}` });
  if (!isObject(value)) return problem('is no policy: a JSON object is needed.');
  if (Array.isArray(value['VpcEndpoints'])) {
    if (side !== 'endpoint') return problem('lists VPC endpoints: their policies are for --endpoint-policy.');
    return endpointPolicy(value['VpcEndpoints'], wanted);
  }
  if (vpceId !== undefined) return problem(`is no list of endpoints, so there is no ${vpceId} to take from it.`);
  const wrapped = WRAPPERS.flatMap(({ path, what }) => {
    const found = at(value, path);
    return found === undefined ? [] : [{ found, what }];
  })[0];
  const bare = wrapped === undefined || 'Statement' in value;
  const document = bare ? value : wrapped.found;
  if (bare && !('Statement' in value))
    return problem('holds no policy that I know: neither a Statement nor what the AWS CLI prints around a policy.');
  const read = readNested(document, kindOf(side, wanted.gateway === true), name);
  if (!read.ok) return read;
  return { ...read, what: bare ? 'the policy document' : wrapped.what };
}

const WRAPPERS: readonly { readonly path: readonly string[]; readonly what: string }[] = [
  { path: ['Policy'], what: 'the Policy of a bucket, key, function or table' },
  { path: ['Attributes', 'Policy'], what: 'the Policy attribute of a queue or topic' },
  { path: ['ResourcePolicy'], what: 'the ResourcePolicy of a secret' },
  { path: ['policy'], what: 'the policy of a REST API' },
  { path: ['policyText'], what: 'the policyText of a repository' },
  { path: ['PolicyVersion', 'Document'], what: 'the Document of a managed policy’s version' },
  { path: ['PolicyDocument'], what: 'the PolicyDocument' },
];

function at(value: Record<string, unknown>, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), value);
}

function kindOf(side: PolicySide, gateway: boolean): PolicyKind {
  return side === 'endpoint' && gateway ? 'gateway-endpoint' : side;
}

type Read =
  | { readonly ok: true; readonly policy: Policy; readonly source: JsonObject }
  | { readonly ok: false; readonly problem: string };

/** A policy as an object, or as text inside the document. */
function readNested(document: unknown, kind: PolicyKind, name: string): Read {
  if (typeof document !== 'string') return readSource(document, kind, name);
  const json = parseJson(document);
  // API Gateway hands out its policy with each quotation mark escaped once more.
  const again = json.ok ? json : parseJson(document.replaceAll('\\"', '"').replaceAll('\\/', '/'));
  if (!again.ok)
    return { ok: false, problem: `${name}: the policy inside is ${json.ok ? again.reason : json.reason}.` };
  return readSource(again.value, kind, name);
}

/** What is a policy is a JSON object. */
function readSource(value: unknown, kind: PolicyKind, name: string): Read {
  const read = readPolicy(value, kind, name);
  return read.ok ? { ...read, source: value as JsonObject } : read;
}

function endpointPolicy(list: readonly unknown[], wanted: Wanted): UnderstoodPolicy {
  const { name, vpceId } = wanted;
  const endpoints = list.filter(isObject);
  const ids = endpoints.map((one) => String(one['VpcEndpointId']));
  if (endpoints.length === 0) return { ok: false, problem: `${name} lists no VPC endpoint.` };
  if (vpceId === undefined && endpoints.length > 1)
    return {
      ok: false,
      problem: `${name} lists ${ids.length} endpoints: choose one with FILE#ID from ${ids.join(', ')}.`,
    };
  const endpoint = vpceId === undefined ? endpoints[0] : endpoints.find((one) => one['VpcEndpointId'] === vpceId);
  if (endpoint === undefined) return { ok: false, problem: `${name} has no ${vpceId}; it lists ${ids.join(', ')}.` };
  const [id, type, vpcId, serviceName] = ['VpcEndpointId', 'VpcEndpointType', 'VpcId', 'ServiceName'].map((key) => {
    const text = endpoint[key];
    return typeof text === 'string' ? text : undefined;
  });
  const document = endpoint['PolicyDocument'];
  if (document === undefined || document === null)
    return { ok: false, problem: `${name}: ${id} has no PolicyDocument, so there is no policy to evaluate.` };
  const gateway = wanted.gateway === true || type?.toLowerCase() === 'gateway';
  const read = readNested(document, gateway ? 'gateway-endpoint' : 'endpoint', `${name}: ${id}`);
  if (!read.ok) return read;
  const details = [type, serviceName].filter((text) => text !== undefined);
  return {
    ...read,
    what: `the policy of ${id}${details.length === 0 ? '' : ` (${details.join(', ')})`}`,
    endpoint: { vpceId: id, vpcId, serviceName },
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
