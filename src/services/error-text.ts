/** Finds what a pasted error message was trying to reach, and what such a message usually points to. */
import ipaddr from 'ipaddr.js';
import type { Denial } from '../model/denial.ts';
import type { TargetRequest } from '../model/target.ts';
import { readDenial } from '../policy/denials.ts';
import { actionOfOperation } from '../policy/operations.ts';
import { serviceOfAction } from './action-service.ts';
import { findService, matchHost, suggestServices } from './catalogue.ts';
import { HYPOTHESES, SOURCES } from './error-meanings.ts';
import { parseTarget, parseWorkload } from './parse-target.ts';
import { isRegion, PARTITIONS, partitionOfRegion, REGION_SYNTAX } from './partitions.ts';

export type ErrorReading = {
  /** hosts first; services and workloads only where the text names no host; at most eight */
  readonly requests: readonly TargetRequest[];
  /** what the text says of a refusal; every request that it is about carries it too */
  readonly denial?: Denial | undefined;
  /** one sentence on what such a text usually points to; the probes decide, not this */
  readonly hypothesis?: string | undefined;
  /** the address that the client connected to: it says what its resolver answered at that time */
  readonly address?: string | undefined;
};

const MAX_TEXT = 20_000;
const MAX_REQUESTS = 8;

/** A name with a dot whose last label is no number: never an address. */
const NAME = '(?<host>(?:[a-z0-9_-]+\\.)+[a-z][a-z0-9-]*[a-z0-9])';
const PORT = '(?<port>[0-9]{1,5})';
const ADDRESS = '(?<address>[0-9]{1,3}(?:\\.[0-9]{1,3}){3}|[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7})';

/** Messages that name other hosts beside the one that was asked for: only the one captured counts. */
const EXACT_HOSTS = [
  // Go, then Node.js, then Python
  `certificate is valid for .{1,2000}?, not ${NAME}`,
  `Host: ${NAME}\\.? is not in the cert's altnames`,
  `certificate is not valid for '${NAME}'`,
  `hostname '${NAME}' doesn't match`,
  // botocore on queue.amazonaws.com; the name that follows is the advice
  `deprecated endpoint: ${NAME}`,
].map((source) => new RegExp(source, 'is'));

/** Where clients put the host. The language or program is named because each words it in its own way. */
const HOST_PLACES = [
  // Go
  `\\blookup ${NAME}\\.?(?: on \\S+)?:`,
  `\\bdial (?:tcp|udp)[46]? ${NAME}:${PORT}`,
  // the SSM, ECS and other agents
  `unable to dial ${NAME}`,
  // Java: Apache client, Netty, the runtime
  `Connect to ${NAME}:${PORT}`,
  `timed out: ${NAME}/[0-9a-f.:]+:${PORT}`,
  `UnknownHostException: ${NAME}`,
  // Node.js
  `getaddrinfo (?:E[A-Z_]+) ${NAME}(?::${PORT})?`,
  `Inaccessible host: [\`'"]${NAME}['"] at port [\`'"]${PORT}`,
  `hostname: ['"]${NAME}['"]`,
  // Python: urllib3, sockets, smtplib
  `ConnectionPool\\(host='${NAME}', port=${PORT}\\)`,
  `\\('${NAME}', ${PORT}\\)`,
  `Failed to resolve ['"]${NAME}['"]`,
  // curl, and what is built on it (dnf, git)
  `connect to ${NAME} port ${PORT}`,
  `Could not resolve host(?:name)?:? ${NAME}`,
].map((source) => new RegExp(source, 'gi'));

const suffixes = [
  ...new Set(
    PARTITIONS.flatMap(({ dnsSuffix, dualStackDnsSuffix, onSuffix }) =>
      [dnsSuffix, dualStackDnsSuffix, onSuffix ?? []].flat(),
    ),
  ),
];
/** Any AWS name standing free in the text: an image reference, a log line. */
const AWS_NAME = new RegExp(
  `(?<![\\w.@/-])(?<host>(?:[a-z0-9_-]+\\.)+(?:${[...suffixes, 'sagemaker.aws'].map((suffix) => suffix.replaceAll('.', '\\.')).join('|')}))(?![\\w-]|\\.[a-z0-9])(?::${PORT})?`,
  'gi',
);
const URL_TEXT = /\b(?:https?|wss?):\/\/[^\s"'`<>\\^{}|(),;]+/gi;
/** Manuals that error messages point to. */
const MANUALS = /^(?:docs\.aws\.amazon\.com|aws\.amazon\.com|github\.com|curl\.(?:se|haxx\.se)|go\.dev)$/;
const SERVICE_NAME = new RegExp(
  `\\b(?:[a-z]+\\.){0,3}com\\.amazonaws\\.(?:vpce\\.)?${REGION_SYNTAX}\\.[a-z0-9.-]*[a-z0-9]|\\baws\\.sagemaker\\.${REGION_SYNTAX}\\.[a-z-]+`,
  'gi',
);

/** Where clients put the remote address; a local one before `->` is not it, and neither is a resolver (port 53). */
const ADDRESS_PLACES = [
  `->\\[?${ADDRESS}\\]?:${PORT}`,
  `\\bdial (?:tcp|udp)[46]? \\[?${ADDRESS}\\]?:${PORT}`,
  `\\bconnect E[A-Z]+ \\[?${ADDRESS}\\]?:${PORT}`,
  `\\[[^[\\]\\s]{0,253}/${ADDRESS}(?::${PORT})?\\]`,
  `timed out: [^\\s/]{1,253}/${ADDRESS}:${PORT}`,
  `connect to ${ADDRESS} port ${PORT}`,
  `\\(${ADDRESS}\\) port ${PORT}`,
  `\\(IP: ${ADDRESS}\\)`,
  `Trying ${ADDRESS}(?::${PORT})?\\.\\.\\.`,
  `address: ['"]${ADDRESS}['"](?:, port: ${PORT})?`,
].map((source) => new RegExp(source, 'gi'));

/**
 * Reads an error message of the usual clients and agents (Go, Java, Node.js, botocore, curl, dnf, Docker, SSM, ECS, EKS).
 * Names and addresses are found by where such messages put them; free text is searched for AWS names only, so that file
 * names and Java classes are not taken for hosts. Never throws; an unknown text gives an empty list.
 */
export function targetsFromError(text: string): ErrorReading {
  const message = text.slice(0, MAX_TEXT).replace(/\p{C}/gu, ' ');
  const hosts = hostsOf(message);
  const remote = /proxyconnect/i.test(message) ? undefined : addressOf(message);
  const found = hosts.length > 0 ? hosts : remote === undefined ? [] : [withPort(remote.address, remote.port)];
  const read = found.flatMap(requestOf);
  // A host that was cut short (`https://ssm...`) is none: then the words tell which agent wrote them.
  const denial = readDenial(message);
  const requests = read.length > 0 ? read : requestsWithoutHost(message, denial);
  // With two hosts in the text nobody knows whose address it is.
  const onlyHost = new Set(hosts.map((host) => host.toLowerCase())).size === 1;
  const hypothesis = HYPOTHESES.find(([pattern]) => pattern.test(message))?.[1];
  return {
    requests: withDenial(distinct(requests).slice(0, MAX_REQUESTS), denial).map((request) =>
      request.kind === 'host' && onlyHost && remote !== undefined ? { ...request, pasted: remote.address } : request,
    ),
    ...(denial === undefined ? {} : { denial }),
    ...(hypothesis === undefined ? {} : { hypothesis }),
    ...(remote === undefined ? {} : { address: remote.address }),
  };
}

/** `host` or `host:port`, in the order of the text within each kind of place. */
function hostsOf(message: string): string[] {
  const exact = EXACT_HOSTS.flatMap((pattern) => pattern.exec(message)?.groups?.['host'] ?? []);
  if (exact.length > 0) return exact;
  // ARNs hold names (buckets, repositories) that nobody connected to.
  const text = message.replace(/\barn:aws[a-z-]*:\S+/gi, ' ');
  const urls = [...text.matchAll(URL_TEXT)].flatMap(([url]) => originOf(url));
  const rest = text.replace(URL_TEXT, ' ');
  const placed = HOST_PLACES.flatMap((pattern) =>
    [...rest.matchAll(pattern)].flatMap(({ groups }) => hostOfGroups(groups)),
  );
  const free = [...rest.matchAll(AWS_NAME)].flatMap(({ groups }) =>
    isReachable(groups?.['host'] ?? '') ? hostOfGroups(groups) : [],
  );
  return [...urls, ...placed, ...free];
}

/** A URL without its path and query: those of a failed call are no health check. */
function originOf(url: string): string[] {
  const found = /^(https?|wss?):\/\/(?:[^/?#]*@)?(\[[^\]]*\]|[^/?#:]*)(?::([0-9]{1,5}))?/i.exec(url);
  const host = found?.[2]?.replace(/[.…]+$/, '');
  if (!host || MANUALS.test(host.toLowerCase())) return [];
  const plain = /^(?:http|ws)$/i.test(found?.[1] ?? '');
  return [`${host}:${found?.[3] ?? (plain ? '80' : '443')}`];
}

/** Not a service principal (`ecs-tasks.amazonaws.com`), which has the look of a host but is none. */
function isReachable(host: string): boolean {
  return matchHost(host) !== undefined || host.toLowerCase().split('.').some(isRegion);
}

function hostOfGroups(groups: Record<string, string> | undefined): string[] {
  const host = groups?.['host'];
  return host === undefined ? [] : [withPort(host, groups?.['port'])];
}

function addressOf(message: string): { address: string; port?: string | undefined } | undefined {
  for (const pattern of ADDRESS_PLACES) {
    for (const { groups } of message.matchAll(pattern)) {
      const address = groups?.['address'];
      if (address === undefined || groups?.['port'] === '53' || !ipaddr.isValid(address)) continue;
      return { address: ipaddr.parse(address).toString(), port: groups?.['port'] };
    }
  }
  return undefined;
}

/**
 * Endpoint services, endpoint ids, the service of a denied action, the workload that words its errors so, or what the refusal is
 * about: the bucket, queue or key of an ARN, and STS where nothing but credentials is spoken of.
 */
function requestsWithoutHost(message: string, denial: Denial | undefined): TargetRequest[] {
  const names = [...message.matchAll(SERVICE_NAME)].flatMap(([name]) => requestOf(name));
  const endpoints = [...message.matchAll(/\bvpce-[0-9a-f]{8,17}\b(?!-)/g)].flatMap(([id]) => requestOf(id));
  if (names.length + endpoints.length > 0) return [...names, ...endpoints];
  const bucket = denial === undefined ? [] : bucketHost(message, denial);
  if (bucket.length > 0) return bucket;
  const action = /not authorized to perform: ([a-z0-9-]+:[a-z0-9*]+)/i.exec(message)?.[1];
  const service = action === undefined ? undefined : (serviceOfAction(action) ?? nearestService(action));
  if (service !== undefined) return requestOf(service);
  const source = SOURCES.find(([pattern]) => pattern.test(message));
  if (source?.[1] === 'service') return requestOf(source[2]);
  const workload = source === undefined ? undefined : parseWorkload(source[2]);
  if (workload?.ok) return [workload.request];
  return denial === undefined ? [] : requestsOfDenial(message, denial);
}

function nearestService(action: string): string | undefined {
  return suggestServices(action.split(':', 1)[0] ?? '')[0];
}

/** `arn:aws:sqs:eu-west-1:111122223333:queue`: its service and Region, and what follows the account. */
const ARN = /\barn:[a-z-]{3,12}:([a-z0-9-]{2,40}):([a-z0-9-]{0,20}):[0-9*]{0,12}:([^\s"'<>,;)]{1,300})/gi;

function requestsOfDenial(message: string, denial: Denial): TargetRequest[] {
  if (denial.kind === 'policy' && denial.action !== undefined) {
    const service = serviceOfAction(denial.action);
    if (service !== undefined) return requestOf(service);
  }
  // Whoever asked is an ARN too, and no service that he wanted.
  const things = [...message.matchAll(ARN)].filter(([, service]) => service !== 'iam' && service !== 'sts');
  const services = new Set(things.flatMap(([, prefix = '']) => serviceOfAction(`${prefix}:`) ?? []));
  if (services.size > 0) return [...services].flatMap(requestOf);
  const operation = actionOfOperation(message);
  const named = operation === undefined ? undefined : serviceOfAction(operation);
  if (named !== undefined) return requestOf(named);
  return denial.kind === 'credentials' ? requestOf('sts') : [];
}

/** The host of the bucket that was refused, where the text says in which Region; else S3 as a whole is the target. */
function bucketHost(message: string, denial: Denial): TargetRequest[] {
  const resource = denial.kind === 'policy' ? denial.resource : undefined;
  const bucket = /^arn:[a-z-]{3,12}:s3:::([a-z0-9][a-z0-9-]{1,61}[a-z0-9])(?:\/|$)/.exec(resource ?? '')?.[1];
  // A name with dots is no label that S3's certificate covers.
  if (bucket === undefined) return [];
  const regions = new Set((message.match(REGION_TEXT) ?? []).map((region) => region.toLowerCase()));
  const [region] = regions;
  if (region === undefined || regions.size > 1) return [];
  return requestOf(`${bucket}.s3.${region}.${partitionOfRegion(region).dnsSuffix}`);
}

const REGION_TEXT = new RegExp(`\\b${REGION_SYNTAX}\\b`, 'gi');

/** Each request that the refusal is about: those of its service, where one of them is; else all of them. */
function withDenial(requests: readonly TargetRequest[], denial: Denial | undefined): TargetRequest[] {
  if (denial === undefined) return [...requests];
  const service = denial.kind === 'policy' && denial.action !== undefined ? serviceOfAction(denial.action) : undefined;
  const meant = requests.filter((request) => service !== undefined && serviceOfRequest(request) === service);
  return requests.map((request) => {
    if (meant.length > 0 && !meant.includes(request)) return request;
    return request.kind === 'host' || request.kind === 'service' || request.kind === 'workload'
      ? { ...request, denial }
      : request;
  });
}

function serviceOfRequest(request: TargetRequest): string | undefined {
  if (request.kind === 'service') return findService(request.service)?.id;
  return request.kind === 'host' ? matchHost(request.host)?.service?.id : undefined;
}

/** The text of a request is what the report shows: without the port that everybody expects. */
function requestOf(text: string): TargetRequest[] {
  const parsed = parseTarget(text);
  if (!parsed.ok) return [];
  const { request } = parsed;
  return [request.kind === 'host' && request.port === 443 ? { ...request, text: request.host } : request];
}

function withPort(host: string, port: string | undefined): string {
  if (port === undefined) return host;
  return host.includes(':') && !host.startsWith('[') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** One request per host and port, address, service or workload. */
function distinct(requests: readonly TargetRequest[]): TargetRequest[] {
  const seen = new Set<string>();
  return requests.filter((request) => {
    const { text: _, ...meaning } = request;
    const key = JSON.stringify(meaning);
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew;
  });
}
