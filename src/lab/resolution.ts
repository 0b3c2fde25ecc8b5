/**
 * What a name leads to in a world, for the VPC's resolver and for public DNS. Which zones exist follows from the
 * description: this is written from AWS's documentation (facts.md 2) and shares nothing with the checks, which must come
 * to the same answers by their own way.
 */
import type { NetworkInterface, VpcEndpoint } from '../model/aws.ts';
import { addressInBlock, canonical, clientVpc, interfaceAddresses } from './client.ts';
import type { DnsRecords, World } from './world.ts';

export type DnsAnswer = { readonly name: string; readonly type: 'A' | 'AAAA' | 'CNAME'; readonly data: string };

export type Resolution =
  /** no packet comes back */
  | { readonly kind: 'silent' }
  | {
      readonly kind: 'answer';
      readonly rcode: 'NOERROR' | 'NXDOMAIN' | 'SERVFAIL' | 'REFUSED';
      /** aliases first, in order; empty with NOERROR when the name exists without records of this type */
      readonly answers: readonly DnsAnswer[];
      /** the zone that says so, for the SOA record of a negative answer */
      readonly zone: string;
    };

export const SILENT: Resolution = { kind: 'silent' };

/** The VPC resolver's addresses for the client: its VPC's primary block plus two, and the link-local ones (facts.md 2.2). */
export function vpcResolverAddresses(world: World): string[] {
  const cidr = clientVpc(world)?.CidrBlock;
  const own = cidr === undefined ? [] : [addressInBlock(cidr, 2)];
  return [...own, '169.254.169.253', 'fd00:ec2::253'].map(canonical);
}

/**
 * What the VPC's resolver answers the client. `type` is any DNS type; only A, AAAA and CNAME have records here.
 *
 * - enableDnsSupport false: silence, whatever is asked.
 * - Then `staleAnswers`, private zones, public DNS, in this order for every link of an alias chain.
 * - Of the private zones (the world's own, and the hidden ones of endpoints with private DNS) the most specific one owns
 *   the name, and what it does not have does not exist: no way back to public DNS (facts.md 2.3). A zone of the world's
 *   own wins over an endpoint's of the same name; AWS would not have allowed both.
 * - Private zones work only with enableDnsSupport and enableDnsHostnames
 *   (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zone-private-considerations.html).
 */
export function resolveInVpc(world: World, name: string, type: string): Resolution {
  const vpc = clientVpc(world);
  const attributes = world.api.vpcAttributes.find((candidate) => candidate.VpcId === vpc?.VpcId);
  if (attributes?.EnableDnsSupport?.Value === false) return SILENT;
  const zones =
    attributes?.EnableDnsHostnames?.Value === true ? [...world.privateZones, ...endpointZones(world, vpc?.VpcId)] : [];
  return follow(name, type, [
    (asked) => recordsOf(world.staleAnswers, asked, asked),
    (asked) => ownedByZone(zones, asked),
    (asked) => publicRecords(world, asked),
  ]);
}

/** What a resolver that knows nothing of the VPC answers: `publicDns`, and the endpoints' own `vpce-…` names (facts.md 2.1). */
export function resolveInPublic(world: World, name: string, type: string): Resolution {
  return follow(name, type, [(asked) => publicRecords(world, asked)]);
}

/** What a resolver answers from data of its own; undefined when it has none for the name. */
export function resolveFrom(
  records: Readonly<Record<string, DnsRecords>>,
  name: string,
  type: string,
): Resolution | undefined {
  const own = recordsOf(records, lower(name), lower(name));
  return own === undefined ? undefined : follow(name, type, [(asked) => recordsOf(records, asked, asked)]);
}

/** A source's word on a name: its records, or that the name does not exist. Undefined when the name is not the source's. */
type Word = { readonly zone: string; readonly records: DnsRecords | undefined };
type Source = (name: string) => Word | undefined;

/** Longer chains of aliases are cut off, as real resolvers do. */
const LONGEST_CHAIN = 8;

function follow(name: string, type: string, sources: readonly Source[]): Resolution {
  const answers: DnsAnswer[] = [];
  let current = name.replace(/\.$/, '');
  for (let link = 0; link < LONGEST_CHAIN; link += 1) {
    const word = firstWord(sources, lower(current));
    const zone = word?.zone ?? parentZone(current);
    if (word?.records === undefined) return { kind: 'answer', rcode: 'NXDOMAIN', answers, zone };
    const { CNAME } = word.records;
    if (CNAME !== undefined) {
      answers.push({ name: current, type: 'CNAME', data: CNAME });
      if (type === 'CNAME') return { kind: 'answer', rcode: 'NOERROR', answers, zone };
      current = CNAME;
      continue;
    }
    if (type === 'A' || type === 'AAAA') {
      answers.push(...(word.records[type] ?? []).map((data) => ({ name: current, type: type as 'A' | 'AAAA', data })));
    }
    return { kind: 'answer', rcode: 'NOERROR', answers, zone };
  }
  return { kind: 'answer', rcode: 'SERVFAIL', answers: [], zone: parentZone(name) };
}

function firstWord(sources: readonly Source[], name: string): Word | undefined {
  for (const source of sources) {
    const word = source(name);
    if (word !== undefined) return word;
  }
  return undefined;
}

type Zone = { readonly name: string; readonly records: Readonly<Record<string, DnsRecords>> };

function ownedByZone(zones: readonly Zone[], name: string): Word | undefined {
  const [zone] = zones
    .filter((candidate) => isWithin(name, lower(candidate.name)))
    .sort((a, b) => b.name.length - a.name.length);
  if (zone === undefined) return undefined;
  const apex = lower(zone.name);
  const word = recordsOf(zone.records, name, apex);
  if (word !== undefined) return word;
  // The apex exists in every zone, and so does a name that has names below it: no records, but no NXDOMAIN (RFC 8020).
  const exists = name === apex || Object.keys(zone.records).some((record) => lower(record).endsWith(`.${name}`));
  return { zone: apex, records: exists ? {} : undefined };
}

function publicRecords(world: World, name: string): Word | undefined {
  const zone = parentZone(name);
  return recordsOf(world.publicDns, name, zone) ?? recordsOf(endpointNames(world), name, zone);
}

/** The record set of a name: its own, else the closest wildcard's, which covers any number of labels (RFC 4592). */
function recordsOf(records: Readonly<Record<string, DnsRecords>>, name: string, zone: string): Word | undefined {
  const byName = new Map(Object.entries(records).map(([key, value]) => [lower(key), value]));
  const own = byName.get(name);
  if (own !== undefined) return { zone, records: own };
  const labels = name.split('.');
  for (let cut = 1; cut < labels.length; cut += 1) {
    const parent = labels.slice(cut).join('.');
    const wildcard = byName.get(`*.${parent}`);
    if (wildcard !== undefined) return { zone, records: wildcard };
    // RFC 4592, 2.2.1: a wildcard above a name that exists does not reach below it.
    if (byName.has(parent)) return undefined;
  }
  return undefined;
}

/**
 * The hidden zones of the VPC's interface endpoints with private DNS, one per private name (facts.md 2.1). An S3 endpoint
 * whose private DNS is for inbound Resolver endpoints only has none inside the VPC, by design (facts.md 2.4). An endpoint
 * without network interfaces keeps its zone, and its names have no address: they exist, without records.
 */
function endpointZones(world: World, vpcId: string | undefined): Zone[] {
  return world.api.vpcEndpoints
    .filter(
      (endpoint) =>
        endpoint.VpcId === vpcId &&
        endpoint.VpcEndpointType === 'Interface' &&
        endpoint.State?.toLowerCase() === 'available' &&
        endpoint.PrivateDnsEnabled === true &&
        endpoint.DnsOptions?.PrivateDnsOnlyForInboundResolverEndpoint !== true,
    )
    .flatMap((endpoint) => {
      const records = isDeafToClient(world, endpoint)
        ? {}
        : addressRecords(endpoint, networkInterfacesOf(world, endpoint));
      const names = dnsNames(endpoint).filter((name) => !isOwnName(endpoint, name));
      const apexes = [...new Set(names.map((name) => name.replace(/^\*\./, '')))];
      return apexes.map((apex) => ({
        name: apex,
        records: Object.fromEntries(
          [apex, `*.${apex}`].filter((name) => names.includes(name)).map((name) => [name, records]),
        ),
      }));
    });
}

/** SageMaker Runtime answers its names only in the zones that its endpoint stands in (facts.md 2.6). */
function isDeafToClient(world: World, endpoint: VpcEndpoint): boolean {
  if (!/\.sagemaker\.runtime(?:-fips)?$/.test(endpoint.ServiceName ?? '')) return false;
  const own = world.api.networkInterfaces.find((one) => one.NetworkInterfaceId === world.client.networkInterfaceId);
  const zone = own === undefined ? undefined : zoneOf(world, own);
  return !networkInterfacesOf(world, endpoint).some((one) => zoneOf(world, one) === zone);
}

/** States in which an endpoint's own names are no longer, or never were, in public DNS. */
const NAMELESS_STATES = new Set(['deleting', 'deleted', 'failed', 'expired']);

/** The endpoints' own names, of every VPC: the regional one leads to all interfaces, a zonal one to its zone's. */
function endpointNames(world: World): Record<string, DnsRecords> {
  const entries = world.api.vpcEndpoints
    .filter((endpoint) => !NAMELESS_STATES.has(endpoint.State?.toLowerCase() ?? ''))
    .flatMap((endpoint) => {
      const all = networkInterfacesOf(world, endpoint);
      return dnsNames(endpoint)
        .filter((name) => isOwnName(endpoint, name))
        .map((name) => {
          const label = name.split('.').find((part) => part.startsWith(`${endpoint.VpcEndpointId}-`)) ?? '';
          const zonal = availabilityZones(world).find((zone) => label.endsWith(`-${zone}`));
          const there = zonal === undefined ? all : all.filter((entry) => zoneOf(world, entry) === zonal);
          return [name, addressRecords(endpoint, there)] as const;
        });
    });
  return Object.fromEntries(entries);
}

function addressRecords(endpoint: VpcEndpoint, interfaces: readonly NetworkInterface[]): DnsRecords {
  const addresses = interfaces.flatMap(interfaceAddresses);
  const configured = endpoint.DnsOptions?.DnsRecordIpType ?? endpoint.IpAddressType ?? 'ipv4';
  // `service-defined` leaves it to the endpoint's address type.
  const family = configured === 'service-defined' ? (endpoint.IpAddressType ?? 'ipv4') : configured;
  return {
    A: family === 'ipv6' ? [] : addresses.filter((address) => !address.includes(':')),
    AAAA: family === 'ipv4' ? [] : addresses.filter((address) => address.includes(':')),
  };
}

function networkInterfacesOf(world: World, endpoint: VpcEndpoint): NetworkInterface[] {
  return (endpoint.NetworkInterfaceIds ?? []).flatMap(
    (id) => world.api.networkInterfaces.find((candidate) => candidate.NetworkInterfaceId === id) ?? [],
  );
}

function zoneOf(world: World, { AvailabilityZone, SubnetId }: NetworkInterface): string | undefined {
  return AvailabilityZone ?? world.api.subnets.find((subnet) => subnet.SubnetId === SubnetId)?.AvailabilityZone;
}

function availabilityZones(world: World): string[] {
  return world.api.subnets.flatMap((subnet) => subnet.AvailabilityZone ?? []);
}

function dnsNames(endpoint: VpcEndpoint): string[] {
  return (endpoint.DnsEntries ?? []).flatMap((entry) => (entry.DnsName === undefined ? [] : [lower(entry.DnsName)]));
}

function isOwnName(endpoint: VpcEndpoint, name: string): boolean {
  return name.split('.').some((label) => label.startsWith(`${endpoint.VpcEndpointId}-`));
}

function isWithin(name: string, zone: string): boolean {
  return name === zone || name.endsWith(`.${zone}`);
}

/** Where a public name that does not exist would be delegated from: its last two labels. */
function parentZone(name: string): string {
  return lower(name).split('.').slice(-2).join('.');
}

function lower(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
