/**
 * Route 53 and its Resolver as servers: what the world's API says of zones, records, rules and DNS Firewall. REST with XML for
 * the one, JSON 1.1 for the other, as their API references have it; refused as the world refuses, by action.
 * https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListHostedZonesByVPC.html,
 * https://docs.aws.amazon.com/Route53/latest/APIReference/API_Operations_Amazon_Route_53_Resolver.html
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { escapeXml, writeMembers } from './ec2-wire.ts';
import { credentialProblem } from './iam/caller.ts';
import { signatureRefusal } from './iam/wording.ts';
import { type Listen, type Listening, listenTcp } from './listen.ts';
import type { World, WorldApi } from './world.ts';

export type Route53ApiOptions = {
  /** elements per page; small, so that nobody gets away without paging */
  readonly pageSize?: number | undefined;
  /** is told the action of every call: `route53:ListHostedZonesByVPC` */
  readonly asked?: ((action: string) => void) | undefined;
};

/** Route 53: ListHostedZonesByVPC and ListResourceRecordSets. */
export async function startRoute53Api(
  world: World,
  listen: Listen,
  options: Route53ApiOptions = {},
): Promise<Listening> {
  const schemas = await import('./route53-operations.ts');
  const size = options.pageSize ?? 3;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://route53');
    const zoneId = /^\/2013-04-01\/hostedzone\/([^/]+)\/rrset\/?$/.exec(url.pathname)?.[1];
    const action = zoneId === undefined ? 'ListHostedZonesByVPC' : 'ListResourceRecordSets';
    options.asked?.(`route53:${action}`);
    if (refused(world, `route53:${action}`, request, response, xmlError)) return;
    const answer =
      zoneId === undefined
        ? zonesPage(world.api, url.searchParams, size)
        : recordsPage(world.api, zoneId, url.searchParams, size);
    if (answer === undefined) {
      xmlError(response, 404, 'NoSuchHostedZone', `No hosted zone found with ID: ${zoneId}`);
      return;
    }
    response.setHeader('x-amzn-requestid', randomUUID());
    response.setHeader('content-type', 'text/xml');
    const body = writeMembers(schemas[action], answer);
    response.end(
      `<?xml version="1.0"?>\n<${action}Response xmlns="https://route53.amazonaws.com/doc/2013-04-01/">${body}</${action}Response>`,
    );
  });
  return await listenTcp(server, listen);
}

/** The Resolver: rules, associations, DNS Firewall. */
export async function startResolverApi(
  world: World,
  listen: Listen,
  options: Route53ApiOptions = {},
): Promise<Listening> {
  const server = createServer((request, response) => void respond(request, response));
  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const action = String(request.headers['x-amz-target'] ?? '').replace(/^Route53Resolver\./, '');
    options.asked?.(`route53resolver:${action}`);
    if (refused(world, `route53resolver:${action}`, request, response, jsonError)) return;
    if (!String(request.headers.authorization ?? '').includes('/route53resolver/aws4_request')) {
      jsonError(response, 400, 'MissingAuthenticationTokenException', 'Missing Authentication Token');
      return;
    }
    const answer = resolverAnswer(world.api, action, JSON.parse(body), options.pageSize ?? 3);
    if (answer === undefined) {
      jsonError(response, 400, 'UnknownOperationException', `no operation ${action}`);
      return;
    }
    response.setHeader('x-amzn-requestid', randomUUID());
    response.setHeader('content-type', 'application/x-amz-json-1.1');
    response.end(JSON.stringify(answer));
  }
  return await listenTcp(server, listen);
}

function zonesPage(api: WorldApi, query: URLSearchParams, size: number): object {
  const vpcId = query.get('vpcid');
  const mine = api.hostedZones.filter(
    (zone) => zone.VPCs === undefined || zone.VPCs.some((vpc) => vpc.VPCId === vpcId),
  );
  const { page, next } = pageOf(mine, query.get('nexttoken') ?? undefined, size);
  const summaries = page.map(({ VPCs: _, ...zone }) => ({ Owner: { OwningAccount: '111122223333' }, ...zone }));
  return { HostedZoneSummaries: summaries, MaxItems: size, ...(next === undefined ? {} : { NextToken: next }) };
}

/** Pages begin with a record, by its name and type. */
function recordsPage(api: WorldApi, zoneId: string, query: URLSearchParams, size: number): object | undefined {
  const zone = api.hostedZones.find((one) => one.HostedZoneId === zoneId);
  if (zone === undefined) return undefined;
  const all = api.resourceRecordSets.filter((record) => record.ZoneName === zone.Name);
  const [name, type] = [query.get('name'), query.get('type')];
  const from = name === null ? 0 : all.findIndex((one) => one.Name === name && (type === null || one.Type === type));
  const start = Math.max(from, 0);
  const next = all[start + size];
  return {
    ResourceRecordSets: all.slice(start, start + size).map(({ ZoneName: _, ...record }) => record),
    IsTruncated: next !== undefined,
    ...(next === undefined ? {} : { NextRecordName: next.Name, NextRecordType: next.Type }),
    MaxItems: size,
  };
}

type Input = {
  readonly VpcId?: string;
  readonly ResourceId?: string;
  readonly FirewallRuleGroupId?: string;
  readonly FirewallDomainListId?: string;
  readonly Filters?: readonly { readonly Name: string; readonly Values: readonly string[] }[];
  readonly NextToken?: string;
};

function resolverAnswer(api: WorldApi, action: string, input: Input, size: number): object | undefined {
  const list = (key: string, elements: readonly unknown[]) => {
    const { page, next } = pageOf(elements, input.NextToken, size);
    return { [key]: page, ...(next === undefined ? {} : { NextToken: next }) };
  };
  const vpcIds = input.Filters?.find((one) => one.Name === 'VPCId')?.Values;
  switch (action) {
    case 'ListResolverRules':
      return list('ResolverRules', api.resolverRules);
    case 'ListResolverRuleAssociations':
      return list(
        'ResolverRuleAssociations',
        api.resolverRuleAssociations.filter((one) => vpcIds === undefined || vpcIds.includes(one.VPCId ?? '')),
      );
    case 'ListFirewallRuleGroupAssociations':
      return list(
        'FirewallRuleGroupAssociations',
        api.firewallRuleGroupAssociations.filter((one) => one.VpcId === input.VpcId),
      );
    case 'ListFirewallRules':
      return list(
        'FirewallRules',
        api.firewallRules.filter((one) => one.FirewallRuleGroupId === input.FirewallRuleGroupId),
      );
    case 'ListFirewallDomains':
      return list(
        'Domains',
        api.firewallDomains.find((one) => one.FirewallDomainListId === input.FirewallDomainListId)?.Domains ?? [],
      );
    case 'GetFirewallConfig': {
      const own = api.firewallConfigs.find((one) => one.ResourceId === input.ResourceId);
      return { FirewallConfig: own ?? { ResourceId: input.ResourceId, FirewallFailOpen: 'DISABLED' } };
    }
    default:
      return undefined;
  }
}

function pageOf<T>(elements: readonly T[], token: string | undefined, size: number) {
  const from = token === undefined ? 0 : Number(token);
  const next = from + size < elements.length ? String(from + size) : undefined;
  return { page: elements.slice(from, from + size), next };
}

type WriteError = (response: ServerResponse, status: number, code: string, message: string) => void;

/** Sends the refusal of credentials that are not good, or the world's of an action; false when there is neither. */
function refused(
  world: World,
  action: string,
  request: IncomingMessage,
  response: ServerResponse,
  write: WriteError,
): boolean {
  const problem = credentialProblem(request.headers.authorization ?? '');
  if (problem !== undefined) {
    const protocol = write === jsonError ? 'json' : 'query';
    const { status, code, message } = signatureRefusal(protocol, problem, undefined, Date.now());
    write(response, status, code, message);
    return true;
  }
  switch (world.refusals[action]) {
    case 'denied':
      write(response, 403, write === jsonError ? 'AccessDeniedException' : 'AccessDenied', `not authorized: ${action}`);
      return true;
    case 'throttled':
      write(response, 400, write === jsonError ? 'ThrottlingException' : 'Throttling', 'Rate exceeded');
      return true;
    case 'unreachable':
      request.socket.destroy();
      return true;
    default:
      return false;
  }
}

const jsonError: WriteError = (response, status, code, message) => {
  response.statusCode = status;
  response.setHeader('x-amzn-requestid', randomUUID());
  response.setHeader('content-type', 'application/x-amz-json-1.1');
  response.end(JSON.stringify({ __type: code, message }));
};

const xmlError: WriteError = (response, status, code, message) => {
  response.statusCode = status;
  response.setHeader('content-type', 'text/xml');
  const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error>`;
  response.end(
    `<?xml version="1.0"?>\n<ErrorResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/">${error}<RequestId>${randomUUID()}</RequestId></ErrorResponse>`,
  );
};
