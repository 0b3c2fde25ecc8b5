/**
 * The EC2 API as a server: answers the Describe calls from a world's description, refuses what the world refuses, and
 * pages as the real one does. It needs nothing but an address to listen on, so it also runs in a network namespace.
 * Errors: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { ListOperation } from './ec2-operations.ts';
import { escapeXml, type OperationSchema, readForm, writeMembers } from './ec2-wire.ts';
import { credentialProblem } from './iam/caller.ts';
import { signatureRefusal } from './iam/wording.ts';
import { type Listen, type Listening, listenTcp } from './listen.ts';
import type { World, WorldApi } from './world.ts';

export type Ec2ApiOptions = {
  /** elements per page where the caller sets no MaxResults; small, so that nobody gets away without paging */
  readonly pageSize?: number | undefined;
  /** is told the action of every call: `ec2:DescribeVpcs` */
  readonly asked?: ((action: string) => void) | undefined;
};

/** An answer that is not a success. */
export type ApiError = { readonly status: number; readonly code: string; readonly message: string };

type Operations = typeof import('./ec2-operations.ts');

/** Serves `world.api` at `http://<address>:<port>/`. The world may be edited while it runs. */
export async function startEc2Api(world: World, listen: Listen, options: Ec2ApiOptions = {}): Promise<Listening> {
  // The schemas are large and only the lab needs them as values: a run that is no demo never loads them.
  const operations = await import('./ec2-operations.ts');
  return await listenTcp(
    createServer((request, response) => {
      response.setHeader('date', new Date(Date.now() - (world.client.clockAheadMs ?? 0)).toUTCString());
      void respondToQuery(request, response, 'ec2', world, options.asked, (action, form) =>
        answerText(operations, world.api, action, form, options.pageSize ?? 5),
      );
    }),
    listen,
  );
}

/** The XML of one action's answer, or its error: for EC2 at the end of an endpoint. */
export async function answerEc2(
  world: Pick<World, 'api'>,
  action: string,
  form: URLSearchParams,
): Promise<string | ApiError> {
  return answerText(await import('./ec2-operations.ts'), world.api, action, form, 5);
}

function answerText(
  operations: Operations,
  api: WorldApi,
  action: string,
  form: URLSearchParams,
  pageSize: number,
): string | ApiError {
  const answer = answerAction(operations, api, action, form, pageSize);
  if ('code' in answer) return answer;
  const xmlns = 'xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"';
  const body = `<requestId>${randomUUID()}</requestId>${writeMembers(answer.schema, answer.output)}`;
  return `<${action}Response ${xmlns}>${body}</${action}Response>`;
}

/**
 * Reads one call of the Query protocol and sends what `answer` makes of it: XML, or an error. The refusals of the world
 * come first. EC2 and STS differ in how they write an error. A bug in the lab comes out as InternalError, with its words.
 */
export async function respondToQuery(
  request: IncomingMessage,
  response: ServerResponse,
  service: 'ec2' | 'sts',
  world: Pick<World, 'refusals'>,
  asked: ((action: string) => void) | undefined,
  answer: (action: string, form: URLSearchParams) => string | ApiError,
): Promise<void> {
  let result: string | ApiError;
  try {
    const form = new URLSearchParams(await bodyOf(request));
    const action = form.get('Action') ?? '';
    asked?.(`${service}:${action}`);
    const refusal = world.refusals[`${service}:${action}`];
    if (refusal === 'unreachable') {
      request.socket.destroy();
      return;
    }
    const problem = credentialProblem(request.headers.authorization ?? '');
    const protocol = service === 'ec2' ? 'ec2' : 'query';
    if (problem !== undefined) result = signatureRefusal(protocol, problem, undefined, Date.now());
    else result = refusal === undefined ? answer(action, form) : REFUSALS[service][refusal];
  } catch (error) {
    result = { status: 500, code: 'InternalError', message: String(error) };
  }
  const requestId = randomUUID();
  response.setHeader('content-type', 'text/xml;charset=UTF-8');
  response.setHeader('x-amzn-requestid', requestId);
  if (typeof result === 'string') {
    response.end(`<?xml version="1.0" encoding="UTF-8"?>\n${result}`);
    return;
  }
  response.statusCode = result.status;
  const error = `<Error><Code>${result.code}</Code><Message>${escapeXml(result.message)}</Message></Error>`;
  response.end(
    service === 'ec2'
      ? `<Response><Errors>${error}</Errors><RequestID>${requestId}</RequestID></Response>`
      : `<ErrorResponse>${error}<RequestId>${requestId}</RequestId></ErrorResponse>`,
  );
}

/** By service. */
export const REFUSALS: Record<'ec2' | 'sts', Record<'denied' | 'throttled', ApiError>> = {
  ec2: {
    denied: {
      status: 403,
      code: 'UnauthorizedOperation',
      message: 'You are not authorized to perform this operation.',
    },
    throttled: { status: 503, code: 'RequestLimitExceeded', message: 'Request limit exceeded.' },
  },
  sts: {
    denied: { status: 403, code: 'AccessDenied', message: 'The caller is not authorized to perform this operation.' },
    throttled: { status: 400, code: 'Throttling', message: 'Rate exceeded' },
  },
};

type Answer = { readonly schema: OperationSchema; readonly output: object } | ApiError;

function answerAction(
  operations: Operations,
  api: WorldApi,
  action: string,
  form: URLSearchParams,
  pageSize: number,
): Answer {
  const list = operations.LIST_OPERATIONS[action];
  const schema =
    list?.schema ??
    (action === 'DescribeVpcAttribute'
      ? operations.VPC_ATTRIBUTE
      : action === 'GetManagedPrefixListEntries'
        ? operations.PREFIX_LIST_ENTRIES
        : action === 'SearchTransitGatewayRoutes'
          ? operations.TRANSIT_GATEWAY_ROUTES.schema
          : undefined);
  if (schema === undefined) return badRequest('InvalidAction', `The action ${action} is not valid for this endpoint.`);
  const input = readForm(schema, form);
  if ('unknownParameter' in input) {
    return badRequest('UnknownParameter', `The parameter ${input.unknownParameter} is not recognized`);
  }
  if (list !== undefined) return listResources(list, api, input, pageSize);
  if (schema === operations.VPC_ATTRIBUTE) return { schema, ...describeVpcAttribute(api, input) };
  if (schema === operations.TRANSIT_GATEWAY_ROUTES.schema) return searchRoutes(operations, api, input, pageSize);
  const entries = operations.prefixListEntries(api, String(input.PrefixListId));
  if (entries === undefined) return notFound('InvalidPrefixListID.NotFound', String(input.PrefixListId));
  return page({ schema, list: 'Entries', maxResults: [1, 100] }, entries, input, pageSize);
}

function listResources(
  operation: ListOperation,
  api: WorldApi,
  input: Record<string, unknown>,
  pageSize: number,
): Answer {
  let elements: readonly object[] = operation.elements(api);
  const { ids } = operation;
  const wanted = ids === undefined ? undefined : (input[ids.parameter] as string[] | undefined);
  if (ids !== undefined && wanted !== undefined) {
    const missing = wanted.find((id) => !elements.some((element) => valuesAt(element, ids.field).includes(id)));
    if (missing !== undefined) return notFound(ids.notFound, missing);
    if (operation.idsOrPages === true && input.MaxResults !== undefined) {
      return badRequest(
        'InvalidParameterCombination',
        `The parameter ${ids.parameter} cannot be used with the parameter maxResults`,
      );
    }
    elements = elements.filter((element) => valuesAt(element, ids.field).some((id) => wanted.includes(id)));
  }
  const kept = filtered(elements, input, operation.filters);
  if ('code' in kept) return kept;
  return page(operation, kept.elements, input, pageSize);
}

/** The elements that meet every filter of the call. */
function filtered(
  all: readonly object[],
  input: Record<string, unknown>,
  filters: Readonly<Record<string, string>> | undefined,
): { readonly elements: readonly object[] } | ApiError {
  let elements = all;
  for (const { Name = '', Values = [] } of (input.Filters ?? input.Filter ?? []) as Filter[]) {
    const path = filters?.[Name];
    if (path === undefined) return badRequest('InvalidParameterValue', `The filter '${Name}' is invalid`);
    const patterns = Values.map(wildcard);
    elements = elements.filter((element) =>
      valuesAt(element, path).some((value) => patterns.some((pattern) => pattern.test(value))),
    );
  }
  return { elements };
}

/** One page of a transit gateway route table; a cut-off search is said by NextToken and by AdditionalRoutesAvailable alike. */
function searchRoutes(operations: Operations, api: WorldApi, input: Record<string, unknown>, pageSize: number): Answer {
  const { schema, filters } = operations.TRANSIT_GATEWAY_ROUTES;
  if (input.Filters === undefined)
    return badRequest('MissingParameter', 'The request must contain the parameter Filters');
  const id = String(input.TransitGatewayRouteTableId);
  const table = api.transitGatewayRoutes.find((one) => one.TransitGatewayRouteTableId === id);
  if (table === undefined) return notFound('InvalidRouteTableID.NotFound', id);
  const kept = filtered(table.Routes ?? [], input, filters);
  if ('code' in kept) return kept;
  const answer = page({ schema, list: 'Routes', maxResults: [5, 1000] }, kept.elements, input, pageSize);
  if ('code' in answer) return answer;
  const more = 'NextToken' in answer.output || table.AdditionalRoutesAvailable === true;
  return { schema, output: { ...answer.output, AdditionalRoutesAvailable: more } };
}

type Filter = { readonly Name?: string; readonly Values?: readonly string[] };

function page(
  operation: Pick<ListOperation, 'schema' | 'list' | 'maxResults' | 'extra' | 'wrap'>,
  elements: readonly object[],
  input: Record<string, unknown>,
  pageSize: number,
): Answer {
  const [smallest, largest] = operation.maxResults ?? [1, Number.MAX_SAFE_INTEGER];
  const size = (input.MaxResults as number | undefined) ?? pageSize;
  if (input.MaxResults !== undefined && !(size >= smallest && size <= largest)) {
    return badRequest('InvalidParameterValue', `Value (${size}) for parameter maxResults is invalid.`);
  }
  const token = input.NextToken as string | undefined;
  const start = token === undefined ? 0 : Number(Buffer.from(token, 'base64url').toString());
  if (!(start < elements.length) && token !== undefined) {
    return badRequest('InvalidNextToken', 'The token is not valid.');
  }
  const slice = elements.slice(start, start + size);
  const more = start + size < elements.length;
  return {
    schema: operation.schema,
    output: {
      [operation.list]: operation.wrap === undefined ? slice : slice.map(operation.wrap),
      ...operation.extra?.(slice),
      ...(more ? { NextToken: Buffer.from(String(start + size)).toString('base64url') } : {}),
    },
  };
}

function describeVpcAttribute(api: WorldApi, input: Record<string, unknown>): { output: object } | ApiError {
  const VpcId = String(input.VpcId);
  const attributes = api.vpcAttributes.find((candidate) => candidate.VpcId === VpcId);
  if (attributes === undefined) return notFound('InvalidVpcID.NotFound', VpcId);
  switch (input.Attribute) {
    case 'enableDnsSupport':
      return { output: { VpcId, EnableDnsSupport: attributes.EnableDnsSupport } };
    case 'enableDnsHostnames':
      return { output: { VpcId, EnableDnsHostnames: attributes.EnableDnsHostnames } };
    default:
      return badRequest(
        'InvalidParameterValue',
        `Value (${String(input.Attribute)}) for parameter attribute is invalid.`,
      );
  }
}

/** All values at the end of a path, as text. */
function valuesAt(element: unknown, path: string): string[] {
  let values: unknown[] = [element];
  for (const member of path.split('.')) {
    values = values.flatMap((value) => (value as Record<string, unknown> | undefined)?.[member] ?? []);
  }
  return values.map(String);
}

/** Filter values may hold `*` and `?` (EC2 API reference, Filter). */
function wildcard(text: string): RegExp {
  const literal = text.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${literal.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's');
}

function badRequest(code: string, message: string): ApiError {
  return { status: 400, code, message };
}

function notFound(code: string, id: string): ApiError {
  return badRequest(code, `The ID '${id}' does not exist`);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
