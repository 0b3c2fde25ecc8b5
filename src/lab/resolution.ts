/**
 * What a name leads to in a world, for the VPC's resolver and for public DNS. Which zones exist follows from the
 * description: this is written from AWS's documentation (facts.md 2) and shares nothing with the checks, which must come
 * to the same answers by their own way.
 */
import type { FirewallRule, NetworkInterface, VpcEndpoint } from '../model/aws.ts';
import { addressInBlock, canonical, clientInterfaces, clientVpc, interfaceAddresses } from './client.ts';
import { firewallRuleFor, vpcRules } from './resolver-rules.ts';
import type { DnsRecords, World, WorldResolver } from './world.ts';

export type DnsAnswer = { readonly name: string; readonly type: 'A' | 'AAAA' | 'CNAME'; readonly data: string };

export type Resolution =
  /** no packet comes back */
  | { readonly kind: 'silent' }
  | {
      readonly kind: 'answer';
      readonly rcode: 'NOERROR' | 'NXDOMAIN' | 'SERVFAIL' | 'REFUSED';
      /** aliases first, in order; empty with NOERROR when the name exists without records of this type */
      readonly answers: readonly DnsAnswer[];
      /** the zone that says so, for the SOA record of a negative answer; empty when no zone does */
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
 * - DNS Firewall inspects the name and, unless told to trust, every alias that it leads to.
 * - A Resolver rule that is more specific than every private zone, or as specific, sends the question to its targets.
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
    attributes?.EnableDnsHostnames?.Value === true
      ? [...world.privateZones, ...hostedZones(world), ...endpointZones(world, vpc?.VpcId)]
      : [];
  const asked = lower(name);
  const told = filtered(
    world,
    asked,
    type,
    () => forwarded(world, zones, asked, type) ?? inside(world, zones, name, type),
  );
  return withDns64(world, type, told, () => resolveInVpc(world, name, 'A'));
}

function inside(world: World, zones: readonly Zone[], name: string, type: string): Resolution {
  return follow(name, type, [
    (asked) => recordsOf(world.staleAnswers, asked, asked),
    (asked) => ownedByZone(zones, asked),
    (asked) => publicRecords(world, asked),
  ]);
}

/** What one of the world's own resolvers answers to the VPC's, which sends a question on to it. */
export function resolveAt(world: World, resolver: WorldResolver, name: string, type: string): Resolution {
  const failed = (rcode: 'NXDOMAIN' | 'SERVFAIL' | 'REFUSED'): Resolution => ({
    kind: 'answer',
    rcode,
    answers: [],
    zone: '.',
  });
  const own = resolveFrom(resolver.records, name, type);
  switch (resolver.behaviour) {
    case 'silent':
    case 'closed':
      return SILENT;
    case 'public':
      return own ?? resolveInPublic(world, name, type);
    case 'forward':
      // Forwarding back to where the question came from is a loop, and loops end in SERVFAIL.
      return own ?? failed('SERVFAIL');
    case 'refused':
      return own ?? failed('REFUSED');
    case 'servfail':
      return own ?? failed('SERVFAIL');
    case 'nxdomain':
      return own ?? failed('NXDOMAIN');
  }
}

/** The answer of the target of the Resolver rule that decides the name; undefined when none does. */
function forwarded(world: World, zones: readonly Zone[], name: string, type: string): Resolution | undefined {
  const [rule] = vpcRules(world)
    .filter((one) => one.domain === '.' || isWithin(name, one.domain))
    .sort((a, b) => b.domain.length - a.domain.length);
  const zone = mostSpecific(zones, name);
  if (rule === undefined || rule.type !== 'FORWARD') return undefined;
  if (zone !== undefined && lower(zone.name).length > rule.domain.length) return undefined;
  const resolvers = rule.targets.flatMap((target) => world.resolvers[canonical(target)] ?? []);
  const answer = resolvers.map((one) => resolveAt(world, one, name, type)).find((one) => one.kind !== 'silent');
  return answer ?? { kind: 'answer', rcode: 'SERVFAIL', answers: [], zone: '.' };
}

/** DNS Firewall before the answer: the name itself, then the aliases in it. */
function filtered(world: World, name: string, type: string, answer: () => Resolution): Resolution {
  const first = firewallRuleFor(world, name, type);
  if (first?.Action === 'BLOCK') return blocked(world, first, name, type);
  const told = answer();
  if (told.kind === 'silent') return told;
  if (first?.FirewallDomainRedirectionAction === 'TRUST_REDIRECTION_DOMAIN') return told;
  for (const link of told.answers.flatMap((one) => (one.type === 'CNAME' ? [lower(one.data)] : []))) {
    const rule = firewallRuleFor(world, link, type);
    if (rule?.Action === 'BLOCK') return blocked(world, rule, name, type);
  }
  return told;
}

/** A blocked answer comes from no zone, so it has no SOA record. */
function blocked(world: World, rule: FirewallRule, name: string, type: string): Resolution {
  if (rule.BlockResponse === 'OVERRIDE' && rule.BlockOverrideDomain !== undefined) {
    const alias: DnsAnswer = { name, type: 'CNAME', data: lower(rule.BlockOverrideDomain) };
    const rest = resolveInPublic(world, rule.BlockOverrideDomain, type);
    return {
      kind: 'answer',
      rcode: 'NOERROR',
      answers: [alias, ...(rest.kind === 'answer' ? rest.answers : [])],
      zone: '',
    };
  }
  return { kind: 'answer', rcode: rule.BlockResponse === 'NXDOMAIN' ? 'NXDOMAIN' : 'NOERROR', answers: [], zone: '' };
}

/** In a subnet with DNS64 a name without IPv6 addresses gets them, made of its IPv4 ones (facts.md 2.7). */
function withDns64(world: World, type: string, told: Resolution, ipv4: () => Resolution): Resolution {
  const subnetId = clientInterfaces(world)[0]?.SubnetId;
  const subnet = world.api.subnets.find((one) => one.SubnetId === subnetId);
  if (type !== 'AAAA' || subnet?.EnableDns64 !== true || told.kind === 'silent' || told.rcode !== 'NOERROR')
    return told;
  if (told.answers.some((one) => one.type === 'AAAA')) return told;
  const a = ipv4();
  if (a.kind === 'silent') return told;
  const made = a.answers.map(
    (one): DnsAnswer => (one.type === 'A' ? { ...one, type: 'AAAA', data: canonical(`64:ff9b::${one.data}`) } : one),
  );
  return made.some((one) => one.type === 'AAAA') ? { ...told, answers: made } : told;
}

/** The hosted zones that the API lists, with their records; an alias record is answered with the addresses it leads to. */
function hostedZones(world: World): Zone[] {
  return world.api.hostedZones.map((zone) => {
    const own = world.api.resourceRecordSets.filter((record) => record.ZoneName === zone.Name);
    const records: Record<string, DnsRecords> = {};
    for (const { Name, Type, ResourceRecords, AliasTarget } of own) {
      if (Type !== 'A' && Type !== 'AAAA' && Type !== 'CNAME') continue;
      const entry = records[lower(Name)] ?? {};
      records[lower(Name)] = entry;
      const values = (ResourceRecords ?? []).flatMap((one) => one.Value ?? []);
      if (AliasTarget?.DNSName !== undefined) {
        const target = resolveInPublic(world, AliasTarget.DNSName, Type);
        if (target.kind === 'answer' && Type !== 'CNAME')
          entry[Type] = target.answers.flatMap((one) => (one.type === Type ? [one.data] : []));
      } else if (Type === 'CNAME') entry.CNAME = lower(values[0] ?? '');
      else entry[Type] = values;
    }
    return { name: lower(zone.Name ?? ''), records };
  });
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
  const zone = mostSpecific(zones, name);
  if (zone === undefined) return undefined;
  const apex = lower(zone.name);
  const word = recordsOf(zone.records, name, apex);
  if (word !== undefined) return word;
  // The apex exists in every zone, and so does a name that has names below it: no records, but no NXDOMAIN (RFC 8020).
  const exists = name === apex || Object.keys(zone.records).some((record) => lower(record).endsWith(`.${name}`));
  return { zone: apex, records: exists ? {} : undefined };
}

function mostSpecific(zones: readonly Zone[], name: string): Zone | undefined {
  return zones
    .filter((candidate) => isWithin(name, lower(candidate.name)))
    .sort((a, b) => b.name.length - a.name.length)[0];
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
