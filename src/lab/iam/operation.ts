/** What a signed request asks for: the protocol that it speaks, the IAM action, and the resource that policies see. */

import { readS3 } from './s3-request.ts';
import type { SignedRequest } from './signature.ts';

export type Protocol = 'ec2' | 'query' | 'json' | 'rest-json' | 's3';

export type Operation = {
  readonly protocol: Protocol;
  /** `secretsmanager` */
  readonly prefix: string;
  /** the IAM action without its prefix: `ListSecrets` */
  readonly action: string;
  /** the resource's ARN; `*` where the action has none */
  readonly resource: string;
  /** what the caller gave: members of the form, of the JSON object, or of the path */
  readonly input: Readonly<Record<string, unknown>>;
};

export type Place = { readonly region: string; readonly accountId: string };

/**
 * @param service the name that the signature is for
 * @returns undefined for a request that names no operation
 */
export function readOperation(service: string, request: SignedRequest, place: Place): Operation | undefined {
  if (service === 's3') return readS3(request);
  const prefix = PREFIXES[service] ?? service;
  const target = request.headers['x-amz-target'];
  const path = request.target.split('?')[0] ?? '/';
  const made = (protocol: Protocol, action: string, input: Record<string, unknown>): Operation => ({
    protocol,
    prefix,
    action,
    input,
    resource: RESOURCES[prefix]?.(input, place) ?? '*',
  });
  if (target !== undefined) {
    const input = jsonOf(request.body);
    return input === undefined ? undefined : made('json', target.slice(target.lastIndexOf('.') + 1), input);
  }
  const rest = REST.find((one) => one.service === service && one.method === request.method && one.path.test(path));
  if (rest !== undefined) return made('rest-json', rest.action, { ...rest.path.exec(path)?.groups });
  const form = new URLSearchParams(request.method === 'GET' ? request.target.split('?')[1] : request.body.toString());
  const action = form.get('Action');
  if (action === null) return undefined;
  return made(service === 'ec2' ? 'ec2' : 'query', action, Object.fromEntries(form));
}

/** The protocol of a service's refusals before anybody knows what was asked. */
export function protocolOf(service: string, request: SignedRequest): Protocol {
  if (service === 's3' || service === 'ec2') return service;
  if (request.headers['x-amz-target'] !== undefined) return 'json';
  return REST.some((one) => one.service === service) ? 'rest-json' : 'query';
}

/** Where the name for signatures is not the prefix of IAM actions (service authorization reference). */
const PREFIXES: Readonly<Record<string, string>> = { monitoring: 'cloudwatch', email: 'ses' };

type RestOperation = {
  readonly service: string;
  readonly method: string;
  readonly path: RegExp;
  readonly action: string;
};

/** https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html and the same page of the others. */
const REST: readonly RestOperation[] = [
  { service: 'lambda', method: 'GET', path: /^\/2015-03-31\/functions\/?$/, action: 'ListFunctions' },
  { service: 'lambda', method: 'GET', path: /^\/2016-08-19\/account-settings\/?$/, action: 'GetAccountSettings' },
  {
    service: 'lambda',
    method: 'POST',
    path: /^\/2015-03-31\/functions\/(?<FunctionName>[^/]+)\/invocations$/,
    action: 'InvokeFunction',
  },
  {
    service: 'lambda',
    method: 'GET',
    path: /^\/2015-03-31\/functions\/(?<FunctionName>[^/]+)$/,
    action: 'GetFunction',
  },
  { service: 'eks', method: 'GET', path: /^\/clusters\/?$/, action: 'ListClusters' },
  {
    service: 'elasticfilesystem',
    method: 'GET',
    path: /^\/2015-02-01\/file-systems\/?$/,
    action: 'DescribeFileSystems',
  },
  { service: 'apigateway', method: 'GET', path: /^\/restapis\/(?<restApiId>[^/]+)$/, action: 'GetRestApi' },
];

/** The ARN that an input names, by prefix of the service; undefined when it names none. */
const RESOURCES: Readonly<
  Record<string, (input: Readonly<Record<string, unknown>>, place: Place) => string | undefined>
> = {
  secretsmanager: (input, place) => named(input['SecretId'], (id) => arn('secretsmanager', place, `secret:${id}`)),
  kms: (input, place) => named(input['KeyId'], (id) => arn('kms', place, id.startsWith('alias/') ? id : `key/${id}`)),
  sqs: (input, place) => {
    const [, account, queue] = /\/(\d{12})\/([^/]+)$/.exec(String(input['QueueUrl'] ?? '')) ?? [];
    return queue === undefined ? undefined : `arn:aws:sqs:${place.region}:${account}:${queue}`;
  },
  sns: (input) => named(input['TopicArn'], (id) => id),
  dynamodb: (input, place) => named(input['TableName'], (name) => arn('dynamodb', place, `table/${name}`)),
  lambda: (input, place) => named(input['FunctionName'], (name) => arn('lambda', place, `function:${name}`)),
  kinesis: (input, place) =>
    named(input['StreamARN'] ?? input['StreamName'], (name) => arn('kinesis', place, `stream/${name}`)),
  states: (input) => named(input['stateMachineArn'], (id) => id),
  ssm: (input, place) =>
    named(input['Name'], (name) => arn('ssm', place, `parameter${name.startsWith('/') ? '' : '/'}${name}`)),
  ecr: (input, place) => named(input['repositoryName'], (name) => arn('ecr', place, `repository/${name}`)),
  apigateway: (input, { region }) => named(input['restApiId'], (id) => `arn:aws:apigateway:${region}::/restapis/${id}`),
  logs: (input, place) => named(input['logGroupName'], (name) => arn('logs', place, `log-group:${name}`)),
};

function named(value: unknown, make: (text: string) => string): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  return value.startsWith('arn:') ? value : make(value);
}

function arn(prefix: string, { region, accountId }: Place, rest: string): string {
  return `arn:aws:${prefix}:${region}:${accountId}:${rest}`;
}

function jsonOf(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString() || '{}');
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
