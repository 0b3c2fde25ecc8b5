/**
 * The calls that read policies, as S3, KMS, SQS, SNS, Secrets Manager and API Gateway answer them: what the world's
 * `api.resourcePolicies` says, refused as the world refuses, by action. One server for all: it goes by the name of the service
 * in the signature, and S3 is addressed by path.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { REFUSALS as EC2_REFUSALS } from './ec2-api.ts';
import { escapeXml } from './ec2-wire.ts';
import { bucketOwner } from './iam/buckets.ts';
import { credentialProblem, scopeOf } from './iam/caller.ts';
import { type Operation, type Protocol, protocolOf, readOperation } from './iam/operation.ts';
import { fromS3, type Refusal, signatureRefusal, writeRefusal } from './iam/wording.ts';
import { type Listen, type Listening, listenTcp } from './listen.ts';
import type { HttpAnswer } from './service-answers.ts';
import type { World } from './world.ts';

export type PolicyApiOptions = {
  /** is told the action of every call: `s3:GetBucketPolicy` */
  readonly asked?: ((action: string) => void) | undefined;
};

/** The services, as variables for endpoint URLs spell them: AWS_ENDPOINT_URL_S3. */
export const POLICY_API_SERVICES = ['S3', 'KMS', 'SQS', 'SNS', 'SECRETS_MANAGER', 'API_GATEWAY'] as const;

/** Serves all of them at `http://<address>:<port>/`. The world may be edited while it runs. */
export async function startPolicyApi(world: World, listen: Listen, options: PolicyApiOptions = {}): Promise<Listening> {
  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const answer = answerCall(world, request, Buffer.concat(chunks), options.asked);
    if (answer === 'unreachable') request.socket.destroy();
    else response.writeHead(answer.status, answer.headers).end(answer.body);
  }
  return await listenTcp(
    createServer((request, response) => void respond(request, response)),
    listen,
  );
}

function answerCall(
  world: World,
  request: IncomingMessage,
  body: Buffer,
  asked: PolicyApiOptions['asked'],
): HttpAnswer | 'unreachable' {
  const { authorization = '' } = request.headers;
  const service = scopeOf(authorization) ?? '';
  const signed = {
    method: request.method ?? 'GET',
    target: request.url ?? '/',
    headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
    body,
  };
  const protocol = protocolOf(service, signed);
  const operation = readOperation(service, signed, world);
  const read = operation === undefined ? undefined : READS[`${operation.prefix}:${operation.action}`];
  if (operation === undefined || read === undefined) return writeRefusal(protocol, UNKNOWN);
  const { action } = read;
  asked?.(action);
  const problem = service === '' ? 'incomplete' : credentialProblem(authorization);
  if (problem !== undefined) return writeRefusal(protocol, signatureRefusal(protocol, problem, undefined, Date.now()));
  const refusal = world.refusals[action];
  if (refusal === 'unreachable') return 'unreachable';
  if (refusal !== undefined) return writeRefusal(protocol, REFUSALS[operation.protocol][refusal]);
  const result = read.answer(world, operation);
  return 'code' in result ? writeRefusal(operation.protocol, result) : result;
}

const UNKNOWN: Refusal = { status: 404, code: 'UnknownOperationException', message: 'Unknown operation' };

/** By protocol; SNS has a name of its own for being denied. */
const REFUSALS: Readonly<Record<Protocol, Record<'denied' | 'throttled', Refusal>>> = {
  s3: {
    denied: { status: 403, code: 'AccessDenied', message: 'Access Denied' },
    throttled: { status: 503, code: 'SlowDown', message: 'Please reduce your request rate.' },
  },
  query: {
    denied: { status: 403, code: 'AuthorizationError', message: 'The caller is not authorized.' },
    throttled: { status: 400, code: 'Throttling', message: 'Rate exceeded' },
  },
  ec2: EC2_REFUSALS.ec2,
  json: {
    denied: { status: 400, code: 'AccessDeniedException', message: 'The caller is not authorized.' },
    throttled: { status: 400, code: 'ThrottlingException', message: 'Rate exceeded' },
  },
  'rest-json': {
    denied: { status: 403, code: 'AccessDeniedException', message: 'The caller is not authorized.' },
    throttled: { status: 429, code: 'TooManyRequestsException', message: 'Too Many Requests' },
  },
};

type Read = {
  /** the IAM action, where it is not the operation's name */
  readonly action: string;
  readonly answer: (world: World, operation: Operation) => HttpAnswer | Refusal;
};

/** By the operation; the wire forms are those of the API references. */
const READS: Readonly<Record<string, Read>> = {
  's3:GetBucketPolicy': {
    action: 's3:GetBucketPolicy',
    answer: (world, { resource, input }) => {
      if (!bucketOwner(world, String(input['bucket'])).ours)
        return { status: 403, code: 'AccessDenied', message: 'Access Denied' };
      const policy = policyOf(world, resource);
      if (policy === undefined)
        return { status: 404, code: 'NoSuchBucketPolicy', message: 'The bucket policy does not exist' };
      return fromS3(200, policy, 'application/json');
    },
  },
  'kms:GetKeyPolicy': {
    action: 'kms:GetKeyPolicy',
    answer: (world, { resource }) => {
      const Policy = policyOf(world, resource);
      return Policy === undefined
        ? { status: 400, code: 'NotFoundException', message: `Key '${resource}' does not exist` }
        : json({ Policy, PolicyName: 'default' });
    },
  },
  'sqs:GetQueueAttributes': {
    action: 'sqs:GetQueueAttributes',
    answer: (world, { resource, protocol }) => {
      if (!isKnown(world, resource))
        return { status: 400, code: 'QueueDoesNotExist', message: 'The specified queue does not exist.' };
      const Policy = policyOf(world, resource);
      const attributes = { QueueArn: resource, ...(Policy === undefined ? {} : { Policy }) };
      if (protocol === 'json') return json({ Attributes: attributes });
      const members = Object.entries(attributes).map(
        ([name, value]) => `<Attribute><Name>${name}</Name><Value>${escapeXml(value)}</Value></Attribute>`,
      );
      return query('GetQueueAttributes', members.join(''));
    },
  },
  'sns:GetTopicAttributes': {
    action: 'sns:GetTopicAttributes',
    answer: (world, { resource }) => {
      if (!isKnown(world, resource)) return { status: 404, code: 'NotFound', message: 'Topic does not exist' };
      const Policy = policyOf(world, resource);
      const entries = Object.entries({ TopicArn: resource, ...(Policy === undefined ? {} : { Policy }) }).map(
        ([key, value]) => `<entry><key>${key}</key><value>${escapeXml(value)}</value></entry>`,
      );
      return query('GetTopicAttributes', `<Attributes>${entries.join('')}</Attributes>`);
    },
  },
  'secretsmanager:GetResourcePolicy': {
    action: 'secretsmanager:GetResourcePolicy',
    answer: (world, { resource }) => {
      if (!isKnown(world, resource))
        return {
          status: 400,
          code: 'ResourceNotFoundException',
          message: "Secrets Manager can't find the specified secret.",
        };
      const ResourcePolicy = policyOf(world, resource);
      const Name = resource.replace(/^.*:secret:/, '').replace(/-[A-Za-z0-9]{6}$/, '');
      return json({ ARN: resource, Name, ...(ResourcePolicy === undefined ? {} : { ResourcePolicy }) });
    },
  },
  'apigateway:GetRestApi': {
    // Its actions are HTTP's methods (apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies…).
    action: 'apigateway:GET',
    answer: (world, { resource, input }) => {
      if (!isKnown(world, resource))
        return { status: 404, code: 'NotFoundException', message: 'Invalid API identifier specified' };
      const policy = policyOf(world, resource);
      // The service escapes the quotes of the policy, and then once more as JSON does.
      const escaped = policy?.replaceAll('"', '\\"');
      return json({ id: input['restApiId'], ...(escaped === undefined ? {} : { policy: escaped }) });
    },
  },
};

function isKnown(world: World, arn: string): boolean {
  return world.api.resourcePolicies.some(({ ResourceArn }) => ResourceArn === arn);
}

function policyOf(world: World, arn: string): string | undefined {
  return world.api.resourcePolicies.find(({ ResourceArn }) => ResourceArn === arn)?.Policy;
}

function json(output: object): HttpAnswer {
  const headers = { 'content-type': 'application/json', 'x-amzn-requestid': randomUUID() };
  return { status: 200, headers, body: JSON.stringify(output) };
}

function query(action: string, result: string): HttpAnswer {
  const id = randomUUID();
  const metadata = `<ResponseMetadata><RequestId>${id}</RequestId></ResponseMetadata>`;
  return {
    status: 200,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': id },
    body: `<?xml version="1.0"?>\n<${action}Response><${action}Result>${result}</${action}Result>${metadata}</${action}Response>`,
  };
}
