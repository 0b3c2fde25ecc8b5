/**
 * What a service of the world answers to a request that policies have a say in: a signed one, an unsigned one to a public bucket,
 * a private API or a registry. The order is AWS's: who signed, with what, then what is asked, then whether it is allowed.
 */
import type { HttpAnswer } from '../service-answers.ts';
import type { World } from '../world.ts';
import { authorize } from './authorize.ts';
import { SERVICE_LINK } from './buckets.ts';
import { callerIdentity } from './caller.ts';
import { type Operation, protocolOf, readOperation } from './operation.ts';
import type { RouteTaken } from './route-taken.ts';
import { readS3 } from './s3-request.ts';
import { checkSignature, type SignedRequest } from './signature.ts';
import { REGISTRY_TOKEN, succeed, unknownOperation } from './successes.ts';
import { denialWords, fromS3, policyRefusal, reasonFor, signatureRefusal, writeRefusal } from './wording.ts';

export type ServiceRequest = SignedRequest & {
  /** the id in our table of the service that answers; undefined for one that is not there */
  readonly service: string | undefined;
  readonly route: RouteTaken;
  readonly secure: boolean;
  /** the true time, in milliseconds since the epoch */
  readonly now: number;
};

/** The answer; undefined when policies have no say, and the service answers as it does to anybody. */
export async function answerByPolicies(world: World, request: ServiceRequest): Promise<HttpAnswer | undefined> {
  const { authorization = '' } = request.headers;
  if (authorization.startsWith('AWS4-')) return await signed(world, request);
  switch (request.service) {
    case 's3':
      return anonymousObject(world, request);
    case 'ecr.dkr':
      return authorization.startsWith('Basic ') ? fromRegistry(world, request, authorization.slice(6)) : undefined;
    case 'execute-api':
      return fromPrivateApi(world, request);
    default:
      return undefined;
  }
}

async function signed(world: World, request: ServiceRequest): Promise<HttpAnswer> {
  const result = await checkSignature(request, request.now);
  const expected = SIGNING_NAMES[request.service ?? ''];
  const protocol = protocolOf(expected ?? result.service, request);
  if (!result.ok) {
    const { problem, signedAt } = result;
    return writeRefusal(protocol, signatureRefusal(protocol, problem, signedAt, request.now));
  }
  if (expected !== undefined && expected !== result.service)
    return writeRefusal(protocol, signatureRefusal(protocol, 'wrong-service', undefined, request.now));
  const operation = readOperation(result.service, request, world);
  if (operation === undefined) return writeRefusal(protocol, unknownOperation(undefined));
  const refused = refusalOf(world, request, operation);
  if (refused !== undefined) return refused;
  const answer = await succeed(world, operation, request.body);
  return answer ?? writeRefusal(operation.protocol, unknownOperation(operation));
}

/** What services of our table are called in signatures; of others any name is taken. */
const SIGNING_NAMES: Readonly<Record<string, string>> = {
  s3: 's3',
  ec2: 'ec2',
  sts: 'sts',
  kms: 'kms',
  sqs: 'sqs',
  sns: 'sns',
  ssm: 'ssm',
  logs: 'logs',
  ecs: 'ecs',
  dynamodb: 'dynamodb',
  secretsmanager: 'secretsmanager',
  monitoring: 'monitoring',
  lambda: 'lambda',
  events: 'events',
  states: 'states',
  cloudformation: 'cloudformation',
  'ecr.api': 'ecr',
  'kinesis-streams': 'kinesis',
  'execute-api': 'execute-api',
};

/** The refusal of a signed request; undefined when it is allowed. */
function refusalOf(world: World, request: ServiceRequest, operation: Operation): HttpAnswer | undefined {
  const { prefix, action, resource } = operation;
  const verdict = authorize(world, {
    ...demandOf(request),
    action: `${prefix}:${action}`,
    resource,
    signed: true,
    keys: action === 'ListBucket' ? listKeys(operation) : undefined,
  });
  if (verdict.allowed) return undefined;
  const { Arn } = callerIdentity(world);
  return writeRefusal(operation.protocol, policyRefusal(Arn, operation, verdict, { ...world, ours: verdict.ours }));
}

/** Parameters of a listing that policies may speak of (AmazonS3/latest/userguide/amazon-s3-policy-keys.html). */
function listKeys({ input }: Operation): Record<string, string> {
  const given = ['prefix', 'delimiter', 'max-keys'].flatMap((name) =>
    typeof input[name] === 'string' ? [[`s3:${name}`, input[name]] as const] : [],
  );
  return Object.fromEntries(given);
}

function demandOf({ route, secure, now, headers }: ServiceRequest) {
  return { route, secure, now, userAgent: headers['user-agent'] };
}

/** An object of a bucket that anybody may read, or who has a service’s own link to it; what else is asked without a signature gets the answer that all such requests get. */
function anonymousObject(world: World, request: ServiceRequest): HttpAnswer | undefined {
  const operation = readS3(request);
  if (operation?.action !== 'GetObject') return undefined;
  const { resource, input } = operation;
  const by = request.target.endsWith(`?${SERVICE_LINK}`) ? 'service-link' : undefined;
  const verdict = authorize(world, { ...demandOf(request), action: 's3:GetObject', resource, signed: false, by });
  if (!verdict.allowed) return undefined;
  return fromS3(200, `${String(input['key'])}\n`, 'binary/octet-stream');
}

/** A container client with the registry's password: https://docs.docker.com/registry/spec/api/ */
function fromRegistry(world: World, request: ServiceRequest, basic: string): HttpAnswer | undefined {
  if (Buffer.from(basic, 'base64').toString() !== `AWS:${REGISTRY_TOKEN}`) return undefined;
  const path = request.target.split('?')[0] ?? '/';
  const headers = { 'docker-distribution-api-version': 'registry/2.0' };
  if (path === '/v2/') return { status: 200, headers, body: '' };
  const [, repository, kind, digest] = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(path) ?? [];
  if (repository === undefined) return undefined;
  const action = kind === 'manifests' ? 'ecr:BatchGetImage' : 'ecr:GetDownloadUrlForLayer';
  const resource = `arn:aws:ecr:${world.region}:${world.accountId}:repository/${repository}`;
  const verdict = authorize(world, { ...demandOf(request), action, resource, signed: true });
  if (!verdict.allowed) {
    const message = denialWords(callerIdentity(world).Arn, action, resource, verdict);
    return {
      status: 403,
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ errors: [{ code: 'DENIED', message }] }),
    };
  }
  if (kind === 'manifests')
    return {
      status: 200,
      headers: { ...headers, 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
      body: '{"schemaVersion":2,"layers":[]}',
    };
  const bucket = `prod-${world.region}-starport-layer-bucket.s3.${world.region}.amazonaws.com`;
  return { status: 307, headers: { ...headers, location: `https://${bucket}/${digest}?${SERVICE_LINK}` }, body: '' };
}

/**
 * A private API whose policy the world knows. It says `anonymous` of whoever did not sign, and hides most of the account
 * (https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies.html).
 */
function fromPrivateApi(world: World, request: ServiceRequest): HttpAnswer | undefined {
  const [label = ''] = (request.headers['host'] ?? '').split('.');
  const id = request.headers['x-apigw-api-id'] ?? label.replace(/-vpce-.*$/, '');
  const policyOf = `arn:aws:apigateway:${world.region}::/restapis/${id}`;
  if (!world.api.resourcePolicies.some(({ ResourceArn }) => ResourceArn === policyOf)) return undefined;
  const [path = '/'] = request.target.split('?');
  const [, stage = '', rest = ''] = path.split(/^\/([^/]*)/);
  const tail = `${id}/${stage}/${request.method}${rest === '' ? '/' : rest}`;
  const [action, place] = ['execute-api:Invoke', `arn:aws:execute-api:${world.region}`];
  const resource = `${place}:${world.accountId}:${tail}`;
  const verdict = authorize(world, { ...demandOf(request), action, resource, policyOf, signed: false });
  const headers = { 'content-type': 'application/json', 'x-amzn-requestid': crypto.randomUUID() };
  if (verdict.allowed) return { status: 200, headers, body: '{}' };
  const hidden = `${place}:********${world.accountId.slice(-4)}:${tail}`;
  const words = `User: anonymous is not authorized to perform: ${action} on resource: ${hidden}`;
  return {
    status: 403,
    headers: { ...headers, 'x-amzn-errortype': 'AccessDeniedException' },
    body: JSON.stringify({ Message: `${words}${verdict.explicit ? ` ${reasonFor(action, verdict)}` : ''}` }),
  };
}
