/** Finds what a pasted error message was trying to reach, and what such a message usually points to. */
import ipaddr from 'ipaddr.js';
import type { TargetRequest } from '../model/target.ts';
import { findService, matchHost, suggestServices } from './catalogue.ts';
import { parseTarget, parseWorkload } from './parse-target.ts';
import { isRegion, PARTITIONS, REGION_SYNTAX } from './partitions.ts';

export type ErrorReading = {
  /** hosts first; services and workloads only where the text names no host; at most eight */
  readonly requests: readonly TargetRequest[];
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

/** Messages that name no host, and the service or workload that they come from (symptoms.md, error-message dictionary). */
const SOURCES: readonly (readonly [RegExp, 'service' | 'workload', string])[] = [
  [/encryption is not set up on the selected CloudWatch Logs/i, 'service', 'logs'],
  [/validate logger args|Cloudwatch log stream|DockerTimeoutError/i, 'service', 'logs'],
  [/SSM Agent hibernate|RequestManagedInstanceRoleToken/i, 'workload', 'ssm'],
  [/TargetNotConnected|SSM Agent is not online|Starting session with SessionId/i, 'workload', 'session-manager'],
  [/unable to (?:pull secrets|retrieve ecr registry auth)|registry auth/i, 'workload', 'ecs-fargate'],
  [/CannotPullContainer|error parsing HTTP 403 response body/i, 'workload', 'ecr-pull'],
  [/Error connecting to ACS/i, 'workload', 'ecs-ec2'],
  [/NodeCreationFailure|IPAM-D|cni config uninitialized/i, 'workload', 'eks-node'],
  [/Cannot reach InstanceService/i, 'workload', 'codedeploy'],
  [/WaitCondition timed out|resource signal\(s\)|response from your Custom Resource/i, 'workload', 'cloudformation'],
  [
    /S3 endpoint validation failed|route to an S3 VPC endpoint|PrivateDnsOnlyForInboundResolverEndpoint/i,
    'service',
    's3',
  ],
  [/WebIdentityErr/i, 'service', 'sts'],
];

/** First match wins: what was refused by a policy reached the service, and so on down to plain silence. */
const HYPOTHESES: readonly (readonly [RegExp, string])[] = [
  [/no VPC endpoint policy allows/i, 'The network works: the endpoint policy has no Allow that fits the request.'],
  [/explicit deny in a VPC endpoint policy/i, 'The network works: the endpoint policy denies the request.'],
  [
    /because no [a-z -]+ polic(?:y|ies) allows|with an explicit deny in/i,
    'The service answered, so the network works; a policy demanding aws:SourceVpce or aws:SourceVpc also fails when the request came by another path than the endpoint.',
  ],
  [
    /not authorized to perform: execute-api|ForbiddenException/i,
    "A private execute-api endpoint answered: its private DNS captures public APIs too, or the API's resource policy denies this endpoint.",
  ],
  [
    /UnknownOperationException/i,
    'The network works, but another service than the one that was meant answered: look for a sibling endpoint name.',
  ],
  [
    /error parsing HTTP 403 response body|Status code: 403|403 Forbidden/i,
    'S3 answered and refused: an S3 endpoint policy usually shuts out a bucket that AWS or a third party owns.',
  ],
  [/RequestTimeTooSkewed|Signature expired|Signature not yet current/i, 'The clock of this machine is off.'],
  [
    /encryption is not set up on the selected CloudWatch Logs/i,
    'The agent could not ask CloudWatch Logs about the log group: reachability or IAM, not encryption.',
  ],
  [
    /NoCredentialProviders|no EC2 IMDS role|CredentialsEndpointError|Missing credentials|Unable to locate credentials/i,
    'No credentials were found: the metadata service is off, out of hops from a container, or sent through a proxy.',
  ],
  [
    /proxyconnect|HTTP proxy|ProxyError/i,
    'The connection went to a proxy: NO_PROXY does not exempt the host, or the proxy setting is wrong.',
  ],
  [
    /certificate is valid for|not in the cert's altnames|Hostname mismatch|doesn't match/i,
    "The certificate does not cover the name that the client used: an endpoint's own vpce name, or a machine in between.",
  ],
  [
    /unknown authority|self.signed certificate|local issuer certificate|Invalid server certificate|PKIX path/i,
    'The certificate is not trusted: a machine in between presents its own, or this machine lacks the root certificates.',
  ],
  [
    /TLS handshake timeout|handshake timed out/i,
    'TCP opened and the TLS greeting got no answer: a firewall that filters by name or drops a split greeting, or packets too large for the path.',
  ],
  [
    /conflicting DNS domain|ConflictingDomainExists/i,
    'Another endpoint or a private hosted zone already owns the name in the VPC.',
  ],
  [/requires both enableDnsSupport/i, 'The DNS attributes of the VPC are off.'],
  [
    /does not provide a private DNS name/i,
    'The service offers no private DNS, or its provider has not verified the name: use the vpce name.',
  ],
  [
    /InvalidServiceName|Vpc Endpoint Service .{1,300} does not exist/i,
    'The endpoint service does not exist under this name in this Region, or its provider does not allow this account.',
  ],
  [/does not support the availability zone/i, 'The endpoint service is not offered in the zone of the subnet.'],
  [/deprecated endpoint/i, 'The client calls a legacy host that no endpoint covers.'],
  [
    /no such host|ENOTFOUND|NXDOMAIN|Could not resolve host|Name or service not known|Failed to resolve ['"]|nodename nor servname/i,
    'The name was not found: a private zone hides it, no such host exists, or the resolver is not the one of the VPC.',
  ],
  [
    /EAI_AGAIN|lookup [^\n]{1,300}(?:i\/o timeout|server misbehaving)|dial tcp: i\/o timeout|All nameservers failed|UnknownHostException|Temporary failure in name resolution/i,
    'The resolver did not answer: a resolver of your own that cannot be reached, or too many queries.',
  ],
  [
    /connection refused|ECONNREFUSED/i,
    "Something answered and refused the port: a missing listener, a proxy or mesh sidecar, or this machine's own firewall.",
  ],
  [
    /connection reset|ECONNRESET|socket hang up|broken pipe/i,
    'The connection was cut: an idle timeout of 350 seconds on the way, or a stateful firewall.',
  ],
  [
    /network is unreachable|ENETUNREACH|EHOSTUNREACH|No route to host/i,
    'This machine or its subnet has no route to the address.',
  ],
  [
    /WaitCondition timed out|resource signal\(s\)|response from your Custom Resource/i,
    'No answer reached CloudFormation: its endpoint cannot be reached, or an S3 endpoint policy shuts out the bucket for the answers.',
  ],
  [
    /i\/o timeout|timed? ?out|ETIMEDOUT|Client\.Timeout|deadline exceeded|request canceled|Could not connect|Inaccessible host|context canceled/i,
    'Nothing answered. For an address inside the VPC look at security groups and network ACLs first, for any other at DNS, private DNS and routes.',
  ],
];

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
  const requests = found.length > 0 ? found.flatMap(requestOf) : requestsWithoutHost(message);
  // With two hosts in the text nobody knows whose address it is.
  const onlyHost = new Set(hosts.map((host) => host.toLowerCase())).size === 1;
  const hypothesis = HYPOTHESES.find(([pattern]) => pattern.test(message))?.[1];
  return {
    requests: distinct(requests)
      .slice(0, MAX_REQUESTS)
      .map((request) =>
        request.kind === 'host' && onlyHost && remote !== undefined ? { ...request, pasted: remote.address } : request,
      ),
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

/** Endpoint services, endpoint ids, the service of a denied action, or the workload that words its errors so. */
function requestsWithoutHost(message: string): TargetRequest[] {
  const names = [...message.matchAll(SERVICE_NAME)].flatMap(([name]) => requestOf(name));
  const endpoints = [...message.matchAll(/\bvpce-[0-9a-f]{8,17}\b(?!-)/g)].flatMap(([id]) => requestOf(id));
  if (names.length + endpoints.length > 0) return [...names, ...endpoints];
  const action = /not authorized to perform: ([a-z0-9-]+):/i.exec(message)?.[1];
  const service = action === undefined ? undefined : (findService(action)?.id ?? suggestServices(action)[0]);
  if (service !== undefined) return requestOf(service);
  const source = SOURCES.find(([pattern]) => pattern.test(message));
  if (source === undefined) return [];
  if (source[1] === 'service') return requestOf(source[2]);
  const workload = parseWorkload(source[2]);
  return workload.ok ? [workload.request] : [];
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
