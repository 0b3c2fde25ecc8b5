/**
 * The resolvers of a world as unbound configurations: public DNS, the VPC's resolver, and any that somebody runs.
 *
 * Unbound and not dnsmasq or BIND, because an authority zone with `for-downstream: no` is what the Amazon resolver does:
 * the most specific private zone owns all names below it, what it lacks does not exist, aliases are followed into other
 * zones and public DNS, and the answer still looks recursive. It also refuses, forwards and overrides single names.
 * Sources: R53/hosted-zone-private-considerations, R53/resolver-overview-DSN-queries-to-vpc; facts.md 2.
 */

import type { DnsRecords, World, WorldResolver } from '../../src/lab/world.ts';
import type { SliceElement } from '../../src/model/state.ts';
import type { Layout } from './layout.ts';
import { BED } from './plan.ts';
import { resolverAddress } from './routes.ts';
import { bare, blocks, forwards, hostedZones } from './zones.ts';

/** One unbound process. */
export type NameServer = {
  readonly name: string;
  readonly namespace: string;
  readonly configuration: string;
  /** zone files by file name; `DIRECTORY` in the configuration stands for the folder that they are written to */
  readonly files: Readonly<Record<string, string>>;
};

/** Every resolver that answers at all. */
export function nameServers(world: World, layout: Layout): NameServer[] {
  const base = layout.clientVpc.cidrs[0];
  const own = base === undefined ? [] : [resolverAddress(base)];
  return [
    publicDns(world),
    ...(dnsSupport(world, layout.clientVpc.id) ? [vpcResolver(world, layout, own)] : []),
    ...Object.entries(world.resolvers).flatMap(([address, resolver]) => customResolver(layout, address, resolver, own)),
  ];
}

/** Addresses and namespaces where questions vanish: nobody answers, and nobody says so. */
export function silentResolvers(world: World, layout: Layout): { namespace: string; address: string | undefined }[] {
  return [
    ...(dnsSupport(world, layout.clientVpc.id) ? [] : [{ namespace: 'platform', address: undefined }]),
    ...Object.entries(world.resolvers)
      .filter(([, resolver]) => resolver.behaviour === 'silent')
      .map(([address]) => ({ namespace: namespaceOf(layout, address), address })),
  ];
}

function dnsSupport(world: World, vpcId: string): boolean {
  return attributesOf(world, vpcId)?.EnableDnsSupport?.Value !== false;
}

function attributesOf(world: World, vpcId: string): SliceElement<'vpcAttributes'> | undefined {
  return world.api.vpcAttributes.find((candidate) => candidate.VpcId === vpcId);
}

function publicDns(world: World): NameServer {
  const records = { ...world.publicDns, ...endpointNames(world) };
  return {
    name: 'public-dns',
    namespace: 'internet',
    configuration: configuration([BED.publicDnsAddress], [zone('.', true, 'zonefile: "DIRECTORY/root.zone"')]),
    files: { 'root.zone': zoneFile('.', records) },
  };
}

/** Regional and zonal endpoint names are public DNS, whatever the VPC's settings (facts.md 2.1). */
function endpointNames(world: World): Record<string, DnsRecords> {
  const records: Record<string, DnsRecords> = {};
  for (const endpoint of world.api.vpcEndpoints)
    for (const { DnsName: name } of endpoint.DnsEntries ?? [])
      if (name !== undefined && isEndpointName(name))
        records[name] = addressesFor(world, endpoint, zoneIn(name, world));
  return records;
}

function vpcResolver(world: World, layout: Layout, own: readonly string[]): NameServer {
  const vpcId = layout.clientVpc.id;
  const rules = forwards(world, vpcId).sort((a, b) => b.domain.length - a.domain.length);
  const within = (name: string, domain: string) => domain === '.' || name === domain || name.endsWith(`.${domain}`);
  // For the same domain a rule wins over a zone; of different ones the more specific (facts.md 2.3).
  const zones = privateZones(world, vpcId).filter(({ name }) => !rules.some(({ domain }) => domain === name));
  // unbound lets a forward zone take what its own zones below hold. Data of its own comes before both.
  const under = zones.filter(({ name }) => rules.some(({ domain }) => within(name, domain)));
  const free = zones.filter((zone) => !under.includes(zone));
  const files = free.map(({ name, records }, i) => [`private${i}.zone`, zoneFile(name, records)] as const);
  const subnet = world.api.subnets.find((found) => found.SubnetId === layout.client.subnet.id);
  return {
    name: 'vpc-resolver',
    namespace: 'platform',
    // Public DNS by root hints, not by a forward zone: unbound lets a forward zone take what its own zones hold.
    configuration: configuration(
      [...own, BED.resolverAddress, 'fd00:ec2::253'],
      [
        ...free.map(({ name }, i) => zone(name, false, `zonefile: "DIRECTORY/private${i}.zone"`)),
        ...rules.map(({ domain, targets }) =>
          forwardZone(domain, targets.length === 0 ? [BED.publicDnsAddress] : targets),
        ),
      ],
      [
        ...firewall(world, vpcId),
        ...overrides(world.staleAnswers),
        ...under.flatMap(({ name, records }) => [`local-zone: "${name}." static`, ...localData(records)]),
        'root-hints: "DIRECTORY/root.hints"',
        'qname-minimisation: no',
        // In a subnet with DNS64 names without IPv6 addresses get them (facts.md 2.7).
        ...(subnet?.EnableDns64 === true ? ['dns64-prefix: 64:ff9b::/96'] : []),
      ],
      subnet?.EnableDns64 === true ? 'dns64 iterator' : 'iterator',
    ),
    files: {
      ...Object.fromEntries(files),
      'root.hints': `. 3600000 NS ns.bed.\nns.bed. 3600000 A ${BED.publicDnsAddress}\n`,
    },
  };
}

/** DNS Firewall as answers of the resolver's own, name by name: every name that this world knows. */
function firewall(world: World, vpcId: string): string[] {
  const aliases = new Map<string, string>();
  const names = new Set<string>();
  const sources = [world.publicDns, world.staleAnswers, ...privateZones(world, vpcId).map((zone) => zone.records)];
  for (const source of sources)
    for (const [name, { CNAME }] of Object.entries(source)) {
      names.add(bare(name));
      if (CNAME !== undefined) aliases.set(bare(name), bare(CNAME));
    }
  const chain = (name: string): string[] => {
    const next = aliases.get(name);
    return next === undefined ? [] : [next, ...chain(next)];
  };
  return blocks(world, vpcId, [...names], chain).flatMap(({ name, response, override }) => {
    if (response === 'OVERRIDE')
      return [`local-zone: "${name}." redirect`, `local-data: "${name}. 60 IN CNAME ${override}."`];
    return [`local-zone: "${name}." ${response === 'NXDOMAIN' ? 'always_nxdomain' : 'always_nodata'}`];
  });
}

function localData(records: Readonly<Record<string, DnsRecords>>): string[] {
  return Object.entries(records).flatMap(([owner, record]) =>
    recordLines(`${owner}.`, record).map((line) => `local-data: '${line}'`),
  );
}

function forwardZone(domain: string, targets: readonly string[]): string {
  const name = domain === '.' ? '.' : `${domain}.`;
  return ['forward-zone:', `  name: "${name}"`, ...targets.map((target) => `  forward-addr: ${target}`)].join('\n');
}

/**
 * Hosted zones associated with the VPC, and the hidden zone of each endpoint with private DNS. Both need both attributes;
 * an endpoint's zone exists while the endpoint is available and is not kept for inbound resolvers only.
 */
function privateZones(world: World, vpcId: string): { name: string; records: Record<string, DnsRecords> }[] {
  const attributes = attributesOf(world, vpcId);
  if (attributes?.EnableDnsHostnames?.Value === false || attributes?.EnableDnsSupport?.Value === false) return [];
  const own = endpointNames(world);
  const zones = [
    ...world.privateZones.map(({ name, records }) => ({ name, records })),
    ...hostedZones(world, (name) => own[name] ?? world.publicDns[name]),
  ];
  for (const endpoint of world.api.vpcEndpoints) {
    if (endpoint.VpcId !== vpcId || endpoint.VpcEndpointType !== 'Interface' || !endpoint.PrivateDnsEnabled) continue;
    if (endpoint.State?.toLowerCase() !== 'available') continue;
    if (endpoint.DnsOptions?.PrivateDnsOnlyForInboundResolverEndpoint === true) continue;
    for (const { DnsName: name } of endpoint.DnsEntries ?? []) {
      if (name === undefined || isEndpointName(name)) continue;
      const apex = name.replace(/^\*\./, '');
      let home = zones.find((candidate) => candidate.name === apex);
      if (home === undefined) {
        home = { name: apex, records: {} };
        zones.push(home);
      }
      home.records = {
        ...home.records,
        [name]: answersTheClient(world, endpoint) ? addressesFor(world, endpoint, undefined) : {},
      };
    }
  }
  return zones;
}

/** SageMaker Runtime's name resolves only in zones where its endpoint has an interface (facts.md 2.6). */
function answersTheClient(world: World, { ServiceName, NetworkInterfaceIds }: SliceElement<'vpcEndpoints'>): boolean {
  if (ServiceName?.endsWith('.sagemaker.runtime') !== true) return true;
  const zoneOf = (id: string) =>
    world.api.networkInterfaces.find((found) => found.NetworkInterfaceId === id)?.AvailabilityZone;
  return (NetworkInterfaceIds ?? []).some((id) => zoneOf(id) === zoneOf(world.client.networkInterfaceId));
}

function isEndpointName(name: string): boolean {
  return /\.vpce\.amazonaws\.com(\.cn)?$/.test(name);
}

/** The availability zone in a zonal endpoint name. */
function zoneIn(name: string, world: World): string | undefined {
  const label = name.replace(/^\*\./, '').split('.')[0] ?? '';
  return world.api.subnets.map((subnet) => subnet.AvailabilityZone).find((zone) => zone && label.endsWith(`-${zone}`));
}

function addressesFor(
  world: World,
  endpoint: SliceElement<'vpcEndpoints'>,
  availabilityZone: string | undefined,
): DnsRecords {
  const types = (endpoint.DnsOptions?.DnsRecordIpType ?? endpoint.IpAddressType ?? 'ipv4').toLowerCase();
  const interfaces = world.api.networkInterfaces.filter(
    (found) =>
      endpoint.NetworkInterfaceIds?.includes(found.NetworkInterfaceId) &&
      (availabilityZone === undefined || found.AvailabilityZone === availabilityZone),
  );
  return {
    A: types === 'ipv6' ? [] : interfaces.flatMap((found) => found.PrivateIpAddress ?? []),
    AAAA: types === 'ipv4' ? [] : interfaces.flatMap((found) => found.Ipv6Addresses?.[0]?.Ipv6Address ?? []),
  };
}

function namespaceOf(layout: Layout, address: string): string {
  const host = layout.vpcs.flatMap((vpc) => vpc.hosts).find((candidate) => candidate.ipv4.includes(address));
  return host?.name ?? 'internet';
}

function customResolver(
  layout: Layout,
  address: string,
  resolver: WorldResolver,
  vpcResolverAddresses: readonly string[],
): NameServer[] {
  if (resolver.behaviour === 'silent' || resolver.behaviour === 'closed') return [];
  const base = { name: `resolver-${address}`, namespace: namespaceOf(layout, address), files: {} };
  const own = overrides(resolver.records);
  const made = (zones: readonly string[], ...lines: string[]) => [
    { ...base, configuration: configuration([address], zones, [...own, ...lines]) },
  ];
  const forwardTo = (upstream: string) => ['forward-zone:', '  name: "."', `  forward-addr: ${upstream}`];
  switch (resolver.behaviour) {
    case 'public':
      return made(forwardTo(BED.publicDnsAddress));
    case 'forward':
      return made(forwardTo(vpcResolverAddresses[0] ?? BED.resolverAddress));
    case 'refused':
      return made([], 'access-control: 0.0.0.0/0 refuse_non_local');
    case 'nxdomain':
      return made([], 'local-zone: "." static');
    case 'servfail':
      // A zone that it should have transferred and could not.
      return made([zone('.', true, 'primary: 127.0.0.1@9')]);
  }
}

/** Names that a resolver answers from its own data; other types of the same name are looked up as usual. */
function overrides(records: Readonly<Record<string, DnsRecords>>): string[] {
  return Object.entries(records).flatMap(([name, record]) => [
    `local-zone: "${name}." typetransparent`,
    ...recordLines(`${name}.`, record).map((line) => `local-data: '${line}'`),
  ]);
}

function zone(name: string, authoritative: boolean, source: string): string {
  return [
    'auth-zone:',
    `  name: "${name}"`,
    `  ${source}`,
    `  for-downstream: ${authoritative ? 'yes' : 'no'}`,
    '  for-upstream: yes',
    '  fallback-enabled: no',
  ].join('\n');
}

function zoneFile(name: string, records: Readonly<Record<string, DnsRecords>>): string {
  const origin = name === '.' ? '.' : `${name}.`;
  return [
    `${origin} 900 IN SOA ns.bed. hostmaster.bed. 1 7200 900 1209600 60`,
    `${origin} 900 IN NS ns.bed.`,
    ...(name === '.' ? [`ns.bed. 900 IN A ${BED.publicDnsAddress}`] : []),
    ...Object.entries(records).flatMap(([owner, record]) => recordLines(`${owner}.`, record)),
    '',
  ].join('\n');
}

function recordLines(owner: string, record: DnsRecords): string[] {
  return [
    ...(record.A ?? []).map((address) => `${owner} 60 IN A ${address}`),
    ...(record.AAAA ?? []).map((address) => `${owner} 60 IN AAAA ${address}`),
    ...(record.CNAME === undefined ? [] : [`${owner} 60 IN CNAME ${record.CNAME.replace(/\.$/, '')}.`]),
  ];
}

function configuration(
  listen: readonly string[],
  zones: readonly string[],
  server: readonly string[] = [],
  modules = 'iterator',
): string {
  return [
    'server:',
    ...[
      'do-daemonize: no',
      'use-syslog: no',
      'logfile: ""',
      'verbosity: 1',
      'chroot: ""',
      'username: ""',
      'directory: "DIRECTORY"',
      'pidfile: ""',
      `module-config: "${modules}"`,
      'num-threads: 1',
      'do-not-query-localhost: no',
      'unblock-lan-zones: yes',
      'insecure-lan-zones: yes',
      'local-zone: "test." transparent',
      ...listen.map((address) => `interface: ${address}`),
      ...(server.some((line) => line.startsWith('access-control'))
        ? []
        : ['access-control: 0.0.0.0/0 allow', 'access-control: ::/0 allow']),
      ...server,
    ].map((line) => `  ${line}`),
    ...zones,
    'remote-control:',
    '  control-enable: no',
    '',
  ].join('\n');
}
