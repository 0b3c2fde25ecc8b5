/** Asks the EC2 instance metadata service, version 2 only, who and where this instance is. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Durations } from '../durations.ts';
import type { CoverageEntry } from '../model/case.ts';
import type { Host } from '../model/host.ts';
import type { MetadataOutcome } from '../model/observation.ts';
import type { ClientInterface, MetadataSight } from '../model/vantage.ts';
import { canonicalAddress } from './addresses.ts';
import { type MetadataAnswer, type MetadataClient, metadataClient } from './metadata-http.ts';

/** An interface with what only the metadata service tells of it. */
export type MetadataInterface = ClientInterface & {
  /** IPv4 and IPv6 prefixes delegated to it: the addresses of pods, where the VPC CNI hands them out */
  readonly prefixes: readonly string[];
  readonly primary: boolean;
  /** some of its addresses were asked for and not given, which is not the same as having none */
  readonly untold: boolean;
};

export type InstanceMetadata = {
  readonly instanceId?: string | undefined;
  readonly accountId?: string | undefined;
  readonly region?: string | undefined;
  readonly partition?: string | undefined;
  readonly availabilityZone?: string | undefined;
  readonly availabilityZoneId?: string | undefined;
  readonly interfaces: readonly MetadataInterface[];
};

export type InstanceMetadataResult = {
  /** undefined when the service gave nothing */
  readonly metadata?: InstanceMetadata | undefined;
  /** why there is nothing, one sentence without its full stop */
  readonly problem?: string | undefined;
  /** how the token request ended; absent when it was not made, or not to its end */
  readonly sight?: MetadataSight | undefined;
  /** what is missing from an answer that came */
  readonly notes: readonly string[];
  readonly coverage: CoverageEntry;
  /** this machine's clock minus the service's Date header, in milliseconds */
  readonly clockOffsetMs?: number | undefined;
};

const SERVICE = 'instance metadata service';
const DEFAULT_ENDPOINT = { IPv4: 'http://169.254.169.254', IPv6: 'http://[fd00:ec2::254]' } as const;
/** Seconds; the run needs the token for one or two, and 1 is the least that is accepted (facts.md section 8). */
const TOKEN_LIFETIME = '60';

/**
 * Reads the metadata of this instance: a token, then every interface and the placement, concurrently. Never version 1:
 * a request without a token would say nothing more where version 2 is required, and is a finding of security scanners.
 * Honours AWS_EC2_METADATA_DISABLED, AWS_EC2_METADATA_SERVICE_ENDPOINT and …_ENDPOINT_MODE as the SDKs do
 * (https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html); the paths are those of
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-metadata.html. A 404 means that there is no such value.
 */
export async function readInstanceMetadata(
  host: Host,
  options: { readonly durations: Durations; readonly inContainer: boolean },
  signal: AbortSignal,
): Promise<InstanceMetadataResult> {
  if (host.env.AWS_EC2_METADATA_DISABLED?.toLowerCase() === 'true') {
    return skipped('The instance metadata service was not asked (AWS_EC2_METADATA_DISABLED=true)');
  }
  const timeoutMs = options.durations.metadataRequest;
  const url = endpointOf(host.env);
  const client = metadataClient(host, url, timeoutMs);
  if ('problem' in client) {
    return skipped(
      `The instance metadata service was not asked: ${client.problem} (AWS_EC2_METADATA_SERVICE_ENDPOINT)`,
    );
  }
  try {
    const asked = host.monotonic();
    const answer = await client.request(
      'PUT',
      '/latest/api/token',
      { 'x-aws-ec2-metadata-token-ttl-seconds': TOKEN_LIFETIME },
      signal,
    );
    const token = answer.outcome === 'answered' && answer.status === 200 ? answer.body.trim() : '';
    if (token === '' || /\s/.test(token)) {
      const why = describeTokenFailure(answer, client.name, timeoutMs, options.inContainer);
      const problem = `No instance metadata service: ${why}`;
      const sight = sightOf(answer, false, client, host.monotonic() - asked);
      return { problem, sight, notes: [], coverage: { what: SERVICE, outcome: 'refused', count: 1, why } };
    }
    const sight = sightOf(answer, true, client, host.monotonic() - asked);
    return { ...(await readWithToken(client, token, signal)), sight, clockOffsetMs: client.clockOffsetMs() };
  } finally {
    await client.close();
  }
}

const FAILURE_WORDS = {
  timeout: 'timeout',
  refused: 'refused',
  unreachable: 'unreachable',
  reset: 'reset',
  prohibited: 'prohibited',
  'not-http': 'not-a-token',
  failed: 'failed',
  // The guard or the end of the run: nothing was learnt.
  'not-allowed': undefined,
  stopped: undefined,
} as const satisfies Record<string, MetadataOutcome | undefined>;

function sightOf(
  answer: MetadataAnswer,
  isToken: boolean,
  { address, port }: MetadataClient,
  elapsed: number,
): MetadataSight | undefined {
  const ms = Math.round(elapsed);
  if (answer.outcome === 'answered') {
    const outcome = isToken ? 'answered' : answer.status === 403 ? 'forbidden' : 'not-a-token';
    return { outcome, address, port, status: answer.status, connected: true, ms };
  }
  const outcome = FAILURE_WORDS[answer.outcome];
  const { connected, code } = answer;
  return outcome === undefined ? undefined : { outcome, address, port, connected, code, ms };
}

/** The variable wins over the mode, whose value is compared without case. */
function endpointOf(env: Host['env']): string {
  const given = env.AWS_EC2_METADATA_SERVICE_ENDPOINT;
  if (given !== undefined && given !== '') return given;
  return env.AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE?.toLowerCase() === 'ipv6'
    ? DEFAULT_ENDPOINT.IPv6
    : DEFAULT_ENDPOINT.IPv4;
}

function skipped(problem: string): InstanceMetadataResult {
  return { problem, notes: [], coverage: { what: SERVICE, outcome: 'skipped', count: 0, why: problem } };
}

/** Reads one value; undefined where there is none (404), and `lost` is told of what was not given, which is counted. */
type Read = (path: string, lost?: () => void) => Promise<string | undefined>;

async function readWithToken(
  client: MetadataClient,
  token: string,
  signal: AbortSignal,
): Promise<InstanceMetadataResult> {
  let count = 1;
  let values = 0;
  let heard = false;
  let silent = 0;
  const failures: string[] = [];
  const read: Read = async (path, lost) => {
    values += 1;
    const ask = () => {
      count += 1;
      return client.request('GET', `/latest/${path}`, { 'x-aws-ec2-metadata-token': token }, signal);
    };
    const again = async () => {
      await sleep(THROTTLED, undefined, { signal }).catch(() => undefined);
      return ask();
    };
    const first = await ask();
    if (first.outcome === 'answered') heard = true;
    if (first.outcome === 'timeout') silent += 1;
    // A service that gives some values and is silent about others is busy; one that is silent again and again costs a second each.
    const answer = isThrottled(first) || (first.outcome === 'timeout' && heard && silent <= 2) ? await again() : first;
    if (answer.outcome === 'answered' && answer.status === 200) return answer.body.trim();
    if (answer.outcome === 'answered' && answer.status === 404) return undefined;
    failures.push(answer.outcome === 'answered' ? `HTTP ${answer.status}` : (answer.code ?? answer.outcome));
    lost?.();
    return undefined;
  };
  const [interfaces, zone, zoneId, region, partition, instanceId, identity] = await Promise.all([
    readInterfaces(read),
    read('meta-data/placement/availability-zone'),
    read('meta-data/placement/availability-zone-id'),
    read('meta-data/placement/region'),
    read('meta-data/services/partition'),
    read('meta-data/instance-id'),
    read('dynamic/instance-identity/document').then(parseIdentity),
  ]);
  const metadata: InstanceMetadata = {
    instanceId: word(instanceId) ?? identity.instanceId,
    accountId: identity.accountId ?? interfaces.find((entry) => entry.primary)?.ownerId,
    region: word(region) ?? identity.region,
    partition: word(partition),
    availabilityZone: word(zone) ?? identity.availabilityZone,
    availabilityZoneId: word(zoneId),
    interfaces,
  };
  const notes: string[] = [];
  if (failures.length > 0) {
    const why = [...new Set(failures)].sort().join(', ');
    notes.push(`The instance metadata service did not give ${failures.length} of ${values} values (${why}).`);
  } else if (interfaces.length === 0) {
    notes.push(`The instance metadata service at ${client.name} lists no network interfaces.`);
  }
  return { metadata, notes, coverage: { what: SERVICE, outcome: 'made', count } };
}

/** How long (ms) a throttled service is left alone before it is asked the one more time. */
const THROTTLED = 100;

/**
 * The service throttles an instance whose programs ask much, and wants to be asked again, later.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html (query throttling)
 */
function isThrottled(answer: MetadataAnswer): boolean {
  return answer.outcome === 'answered' && (answer.status === 429 || answer.status >= 500);
}

async function readInterfaces(read: Read): Promise<MetadataInterface[]> {
  const [listing, primaryMac] = await Promise.all([read('meta-data/network/interfaces/macs/'), read('meta-data/mac')]);
  const macs = lines(listing).map((line) => line.replace(/\/$/, '').toLowerCase());
  const found = await Promise.all(
    macs.filter((mac) => /^[0-9a-f]{2}(:[0-9a-f]{2})+$/.test(mac)).map((mac) => readInterface(read, mac)),
  );
  // `mac` is that of device 0 of card 0. Device numbers alone do not tell on instances with several network cards.
  const primary = found.find((entry) => entry.macAddress === primaryMac?.toLowerCase());
  const fallback = found.find((entry) => entry.deviceNumber === 0) ?? found[0];
  return found
    .map((entry) => ({ ...entry, primary: entry === (primary ?? fallback) }))
    .sort((a, b) => (a.deviceNumber ?? 0) - (b.deviceNumber ?? 0) || Number(b.primary) - Number(a.primary));
}

async function readInterface(read: Read, mac: string): Promise<Omit<MetadataInterface, 'primary'>> {
  let untold = false;
  const lost = () => {
    untold = true;
  };
  const leaf = (name: string, unread?: () => void): Promise<string | undefined> =>
    read(`meta-data/network/interfaces/macs/${mac}/${name}`, unread);
  const [
    id,
    device,
    vpc,
    subnet,
    groups,
    v4,
    v6,
    publicV4,
    subnetCidr,
    vpcFirst,
    vpcV4,
    vpcV6,
    owner,
    prefixV4,
    prefixV6,
  ] = await Promise.all([
    leaf('interface-id'),
    leaf('device-number'),
    leaf('vpc-id'),
    leaf('subnet-id'),
    leaf('security-group-ids'),
    leaf('local-ipv4s', lost),
    leaf('ipv6s', lost),
    leaf('public-ipv4s'),
    leaf('subnet-ipv4-cidr-block'),
    leaf('vpc-ipv4-cidr-block'),
    leaf('vpc-ipv4-cidr-blocks'),
    leaf('vpc-ipv6-cidr-blocks'),
    leaf('owner-id'),
    leaf('ipv4-prefix'),
    leaf('ipv6-prefix'),
  ]);
  return {
    networkInterfaceId: word(id),
    macAddress: mac,
    deviceNumber: device !== undefined && /^\d+$/.test(device) ? Number(device) : undefined,
    vpcId: word(vpc),
    subnetId: word(subnet),
    ownerId: word(owner),
    addresses: [...addresses(v4), ...addresses(v6)],
    publicAddresses: addresses(publicV4),
    securityGroupIds: lines(groups),
    subnetCidr: word(subnetCidr),
    // The primary block is told apart by its own value only; the list's order is not documented.
    vpcCidrs: [...new Set([...lines(vpcFirst), ...lines(vpcV4), ...lines(vpcV6)])],
    prefixes: [...lines(prefixV4), ...lines(prefixV6)],
    untold,
  };
}

/** Why there is no token, as the rest of a sentence. Only silence points at the hop limit: an answer came over all hops. */
function describeTokenFailure(answer: MetadataAnswer, name: string, timeoutMs: number, inContainer: boolean): string {
  switch (answer.outcome) {
    case 'answered':
      return describeTokenStatus(answer.status, name);
    case 'timeout': {
      const silence = answer.connected
        ? `${name} accepted the connection but did not answer the token request within ${duration(timeoutMs)}`
        : `connect to ${name} timed out after ${duration(timeoutMs)}`;
      const hint = ' (this is a container: the metadata hop limit of the instance may be 1, and a container needs 2)';
      return inContainer ? silence + hint : silence;
    }
    case 'refused':
      return `${name} refused the connection`;
    case 'unreachable':
      return `${name} is unreachable from here (${answer.code})`;
    case 'reset':
      return `${name} closed the connection`;
    case 'prohibited':
      return `this machine forbids packets to ${name} (${answer.code})`;
    case 'not-http':
      return `what answers at ${name} is not HTTP`;
    case 'not-allowed':
      return `${name} may not be contacted from here`;
    case 'stopped':
      return `${name} had not answered when the run moved on`;
    case 'failed':
      return `the token request to ${name} failed (${answer.code})`;
  }
}

/** Status codes of the token request: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html */
function describeTokenStatus(status: number, name: string): string {
  switch (status) {
    case 200:
      return `${name} answered the token request with something that is no token`;
    case 401:
      return `${name} answered the token request with 401 (unauthorized)`;
    case 403:
      return `${name} answered the token request with 403: the service is switched off for this instance, or a proxy in between forbids it`;
    case 404:
    case 405:
      return `${name} answered the token request with ${status}: it does not speak version 2 of the service`;
    default:
      return `${name} answered the token request with HTTP ${status}`;
  }
}

type Identity = Pick<InstanceMetadata, 'accountId' | 'region' | 'instanceId' | 'availabilityZone'>;

/** The instance identity document; empty when it is missing or is not JSON. */
function parseIdentity(text: string | undefined): Identity {
  let document: unknown;
  try {
    document = JSON.parse(text ?? '');
  } catch {
    return {};
  }
  if (typeof document !== 'object' || document === null) return {};
  const field = (name: string): string | undefined => {
    const value = (document as Record<string, unknown>)[name];
    return typeof value === 'string' ? word(value) : undefined;
  };
  return {
    accountId: field('accountId'),
    region: field('region'),
    instanceId: field('instanceId'),
    availabilityZone: field('availabilityZone'),
  };
}

/** A value that is one word of an identifier; an HTML page of some portal is not. */
function word(text: string | undefined): string | undefined {
  return text !== undefined && /^[\w.:/-]+$/.test(text) ? text : undefined;
}

function lines(text: string | undefined): string[] {
  return (text ?? '').split(/\s+/).filter((line) => word(line) !== undefined);
}

function addresses(text: string | undefined): string[] {
  return lines(text).flatMap((line) => canonicalAddress(line) ?? []);
}

function duration(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000} s` : `${ms} ms`;
}
