/**
 * A second, naive reading of the AWS rules, to hold against the tool's: one packet at a time, addresses as strings of bits,
 * no sets and no intervals. Written from facts.md sections 3 and 4 and the pages that they cite; it imports nothing of src
 * but the shapes of the EC2 API's answers.
 */
import type {
  IpPermission,
  NetworkAcl,
  NetworkInterface,
  PrefixList,
  PrefixListEntries,
  Route,
  RouteTable,
  SecurityGroup,
  Subnet,
  VpcEndpoint,
} from '../../src/model/aws.ts';

/** A network of which everything is known. */
export type Network = {
  readonly subnets: readonly Subnet[];
  readonly routeTables: readonly RouteTable[];
  readonly networkAcls: readonly NetworkAcl[];
  readonly securityGroups: readonly SecurityGroup[];
  readonly networkInterfaces: readonly NetworkInterface[];
  readonly prefixLists: readonly PrefixList[];
  readonly prefixListEntries: readonly PrefixListEntries[];
  readonly vpcEndpoints: readonly VpcEndpoint[];
};

/** The client: one IPv4 address, one IPv6 address, or both. */
export type Caller = {
  readonly vpcId: string;
  readonly subnetId: string;
  readonly addresses: readonly string[];
  readonly groupIds: readonly string[];
  readonly ports: { readonly from: number; readonly to: number };
};

/** Where one packet goes by one route table. */
export type Way = {
  readonly kind: 'arrives' | 'blackhole' | 'elsewhere' | 'nowhere' | 'undetermined' | 'not-asked';
  readonly target?: string;
  /** among equal routes: whether any of them would arrive */
  readonly mayArrive?: boolean;
};

export const FILTERS = [
  'client-sg-egress',
  'client-nacl-egress',
  'endpoint-nacl-ingress',
  'endpoint-sg-ingress',
  'endpoint-nacl-return',
  'client-nacl-return',
] as const;
export type Filter = (typeof FILTERS)[number];

/** One connection: a SYN from one source port to one address, and the SYN/ACK back. Every gate is asked, whatever the others say. */
export type Journey = {
  readonly from: string;
  readonly to: string;
  readonly sourcePort: number;
  readonly networkInterfaceId?: string | undefined;
  readonly filters: Readonly<Record<Filter, boolean>>;
  readonly there: Way;
  readonly back: Way;
  readonly opens: boolean;
};

/**
 * Every connection that could differ from another one: each address of the endpoint (for a gateway endpoint one address
 * on either side of every edge that any rule or route draws), from one source port on either side of every edge.
 */
export function journeys(network: Network, caller: Caller, endpointId: string, port: number): Journey[] {
  const endpoint = network.vpcEndpoints.find((one) => one.VpcEndpointId === endpointId);
  if (endpoint === undefined) throw new Error(`no endpoint ${endpointId}`);
  const ends =
    endpoint.VpcEndpointType === 'Gateway' ? serviceEnds(network, endpoint) : interfaceEnds(network, endpoint);
  return ends.flatMap((end) => {
    const from = caller.addresses.find((address) => bits(address).length === bits(end.to).length);
    if (from === undefined) return [];
    return sourcePorts(network, caller).map((sourcePort) => journey(network, caller, from, end, port, sourcePort));
  });
}

/** One side of a connection that is not the client. */
export type End = {
  readonly to: string;
  readonly networkInterfaceId?: string | undefined;
  readonly groupIds: readonly string[];
  readonly subnetId?: string | undefined;
  /** gateway endpoints that would carry it; undefined where only the local route leads there */
  readonly gateways?: readonly string[] | undefined;
};

/** One connection, judged. facts.md 3.2 and 3.4 name the gates of either path. */
export function journey(
  network: Network,
  caller: Caller,
  from: string,
  end: End,
  port: number,
  sourcePort: number,
): Journey {
  const toEndpoint: Packet = { source: from, destination: end.to, destinationPort: port };
  const toClient: Packet = { source: end.to, destination: from, destinationPort: sourcePort };
  // Within one subnet packets go from interface to interface: neither network ACL nor route table is asked (facts.md 3.4;
  // https://docs.aws.amazon.com/vpc/latest/userguide/gateway-route-tables.html: rules apply to what leaves the subnet).
  const sameSubnet = end.subnetId === caller.subnetId;
  const acl = (subnetId: string | undefined, out: boolean, packet: Packet) =>
    sameSubnet || subnetId === undefined || aclAllows(network, caller.vpcId, subnetId, out, packet);
  const filters = {
    'client-sg-egress': groupsAllow(network, caller.groupIds, 'IpPermissionsEgress', end.to, end.groupIds, port),
    'client-nacl-egress': acl(caller.subnetId, true, toEndpoint),
    'endpoint-nacl-ingress': acl(end.subnetId, false, toEndpoint),
    'endpoint-sg-ingress':
      end.networkInterfaceId === undefined ||
      groupsAllow(network, end.groupIds, 'IpPermissions', from, caller.groupIds, port),
    'endpoint-nacl-return': acl(end.subnetId, true, toClient),
    'client-nacl-return': acl(caller.subnetId, false, toClient),
  };
  const there = sameSubnet ? NOT_ASKED : wayOf(network, caller.vpcId, caller.subnetId, end.to, end.gateways);
  const back =
    sameSubnet || end.subnetId === undefined ? NOT_ASKED : wayOf(network, caller.vpcId, end.subnetId, from, undefined);
  const routed = [there, back].every((way) => way.kind === 'arrives' || way.kind === 'not-asked');
  const opens = routed && FILTERS.every((filter) => filters[filter]);
  return { from, to: end.to, sourcePort, networkInterfaceId: end.networkInterfaceId, filters, there, back, opens };
}

const NOT_ASKED: Way = { kind: 'not-asked' };

type Packet = { readonly source: string; readonly destination: string; readonly destinationPort: number };

/** facts.md 3.4: ascending rule numbers, the first that matches decides, then the implicit deny. */
export function aclAllows(network: Network, vpcId: string, subnetId: string, out: boolean, packet: Packet): boolean {
  const acl =
    network.networkAcls.find((one) => one.Associations?.some((each) => each.SubnetId === subnetId)) ??
    network.networkAcls.find((one) => one.IsDefault === true && one.VpcId === vpcId);
  const peer = out ? packet.destination : packet.source;
  const entries = [...(acl?.Entries ?? [])].sort((a, b) => (a.RuleNumber ?? 0) - (b.RuleNumber ?? 0));
  for (const entry of entries) {
    if (entry.Egress !== out) continue;
    const cidr = peer.includes(':') ? entry.Ipv6CidrBlock : entry.CidrBlock;
    if (cidr === undefined || !within(peer, cidr)) continue;
    if (entry.Protocol !== '-1' && entry.Protocol !== '6') continue;
    // The ports of a rule for every protocol mean nothing (CreateNetworkAclEntry, "Protocol").
    const range = entry.Protocol === '6' ? entry.PortRange : undefined;
    if (range !== undefined && !between(packet.destinationPort, range.From, range.To)) continue;
    return entry.RuleAction === 'allow';
  }
  return false;
}

/** facts.md 3.1: allow-only, the union of every attached group. */
export function groupsAllow(
  network: Network,
  groupIds: readonly string[],
  direction: 'IpPermissions' | 'IpPermissionsEgress',
  peer: string,
  peerGroupIds: readonly string[],
  port: number,
): boolean {
  return groupIds.some((id) => {
    const group = network.securityGroups.find((one) => one.GroupId === id);
    return (group?.[direction] ?? []).some((rule) => ruleAllows(network, rule, peer, peerGroupIds, port));
  });
}

function ruleAllows(
  network: Network,
  rule: IpPermission,
  peer: string,
  peerGroupIds: readonly string[],
  port: number,
): boolean {
  const protocol = rule.IpProtocol;
  if (protocol !== '-1' && protocol !== 'tcp' && protocol !== '6') return false;
  if (protocol !== '-1' && !between(port, rule.FromPort, rule.ToPort)) return false;
  return (
    (rule.IpRanges ?? []).some((range) => range.CidrIp !== undefined && within(peer, range.CidrIp)) ||
    (rule.Ipv6Ranges ?? []).some((range) => range.CidrIpv6 !== undefined && within(peer, range.CidrIpv6)) ||
    (rule.PrefixListIds ?? []).some((list) =>
      listCidrs(network, list.PrefixListId).some((cidr) => within(peer, cidr)),
    ) ||
    (rule.UserIdGroupPairs ?? []).some((pair) => pair.GroupId !== undefined && peerGroupIds.includes(pair.GroupId))
  );
}

/** facts.md 4.1: the longest prefix; among equal ones static, then prefix list, then propagated; the state is looked at last. */
export function wayOf(
  network: Network,
  vpcId: string,
  subnetId: string,
  address: string,
  gateways: readonly string[] | undefined,
): Way {
  const table = tableOf(network, vpcId, subnetId);
  const matches = (table?.Routes ?? []).flatMap((route) =>
    destinationsOf(network, route)
      .filter((cidr) => within(address, cidr))
      .map((cidr) => ({ route, length: Number(cidr.split('/')[1]), rank: rankOf(route) })),
  );
  // Propagated routes never win against the local route, however specific they are
  // (https://docs.aws.amazon.com/vpn/latest/s2svpn/vpn-route-priority.html).
  const local = matches.some(({ route }) => route.GatewayId === 'local');
  const usable = matches.filter(({ rank }) => !(local && rank === PROPAGATED));
  const longest = Math.max(...usable.map(({ length }) => length));
  const specific = usable.filter(({ length }) => length === longest);
  const first = Math.min(...specific.map(({ rank }) => rank));
  const best = specific.filter(({ rank }) => rank === first);
  const winner = best[0]?.route;
  if (winner === undefined) return { kind: 'nowhere' };
  const target = targetOf(winner);
  const leads = (to: string) => (gateways === undefined ? to === 'local' : gateways.includes(to));
  if (best.some(({ route }) => targetOf(route) !== target)) {
    const mayArrive = best.some(({ route }) => route.State !== 'blackhole' && leads(targetOf(route)));
    return { kind: 'undetermined', mayArrive };
  }
  if (winner.State === 'blackhole') return { kind: 'blackhole', target };
  return { kind: leads(target) ? 'arrives' : 'elsewhere', target };
}

const PROPAGATED = 2;

function rankOf(route: Route): number {
  if (route.Origin === 'EnableVgwRoutePropagation') return PROPAGATED;
  return route.DestinationPrefixListId === undefined ? 0 : 1;
}

/** facts.md 1.4 and 4.1: the table that is explicitly associated with the subnet, else the VPC's main table. */
export function tableOf(network: Network, vpcId: string, subnetId: string): RouteTable | undefined {
  const live = (state: string | undefined) => state === undefined || state === 'associated';
  const holds = (
    table: RouteTable,
    wanted: (one: { Main?: boolean | undefined; SubnetId?: string | undefined }) => boolean,
  ) =>
    table.VpcId === vpcId && (table.Associations ?? []).some((one) => live(one.AssociationState?.State) && wanted(one));
  return (
    network.routeTables.find((table) => holds(table, (one) => one.SubnetId === subnetId)) ??
    network.routeTables.find((table) => holds(table, (one) => one.Main === true))
  );
}

function destinationsOf(network: Network, route: Route): readonly string[] {
  const list = listCidrs(network, route.DestinationPrefixListId);
  return [route.DestinationCidrBlock, route.DestinationIpv6CidrBlock, ...list].filter((cidr) => cidr !== undefined);
}

function targetOf(route: Route): string {
  return (
    route.GatewayId ??
    route.NatGatewayId ??
    route.TransitGatewayId ??
    route.VpcPeeringConnectionId ??
    route.EgressOnlyInternetGatewayId ??
    route.NetworkInterfaceId ??
    'unknown'
  );
}

function listCidrs(network: Network, id: string | undefined): readonly string[] {
  if (id === undefined) return [];
  const service = network.prefixLists.find((list) => list.PrefixListId === id)?.Cidrs ?? [];
  const entries = network.prefixListEntries.find((list) => list.PrefixListId === id)?.Entries ?? [];
  return [...service, ...entries.flatMap((entry) => (entry.Cidr === undefined ? [] : [entry.Cidr]))];
}

function interfaceEnds(network: Network, endpoint: VpcEndpoint): End[] {
  return (endpoint.NetworkInterfaceIds ?? []).flatMap((id) => {
    const card = network.networkInterfaces.find((one) => one.NetworkInterfaceId === id);
    const addresses = [card?.PrivateIpAddress, ...(card?.Ipv6Addresses ?? []).map((one) => one.Ipv6Address)];
    const groupIds = (card?.Groups ?? []).flatMap((group) => group.GroupId ?? []);
    return addresses
      .filter((to) => to !== undefined)
      .map((to) => ({ to, networkInterfaceId: id, groupIds, subnetId: card?.SubnetId }));
  });
}

function serviceEnds(network: Network, endpoint: VpcEndpoint): End[] {
  const own = network.prefixLists
    .filter((list) => list.PrefixListName === endpoint.ServiceName)
    .flatMap((list) => list.Cidrs ?? []);
  const gateways = network.vpcEndpoints
    .filter((one) => one.VpcEndpointType === 'Gateway' && one.ServiceName === endpoint.ServiceName)
    .map((one) => one.VpcEndpointId);
  const edges = everyCidr(network).flatMap((cidr) => edgesOf(cidr));
  const inside = [...new Set(edges)].filter((address) => own.some((cidr) => within(address, cidr)));
  return inside.map((to) => ({ to, groupIds: [], gateways }));
}

function everyCidr(network: Network): string[] {
  const rules = network.securityGroups.flatMap((group) => [
    ...(group.IpPermissions ?? []),
    ...(group.IpPermissionsEgress ?? []),
  ]);
  const all = [
    ...rules.flatMap((rule) => (rule.IpRanges ?? []).map((range) => range.CidrIp)),
    ...rules.flatMap((rule) => (rule.Ipv6Ranges ?? []).map((range) => range.CidrIpv6)),
    ...network.networkAcls.flatMap((acl) =>
      (acl.Entries ?? []).flatMap((entry) => [entry.CidrBlock, entry.Ipv6CidrBlock]),
    ),
    ...network.routeTables.flatMap((table) =>
      (table.Routes ?? []).flatMap((route) => [route.DestinationCidrBlock, route.DestinationIpv6CidrBlock]),
    ),
    ...network.prefixLists.flatMap((list) => list.Cidrs ?? []),
    ...network.prefixListEntries.flatMap((list) => (list.Entries ?? []).map((entry) => entry.Cidr)),
  ];
  return [...new Set(all.filter((cidr) => cidr !== undefined))];
}

/** The first address of a CIDR and the one before it, the last and the one after it. */
function edgesOf(cidr: string): string[] {
  const [base = '', length = ''] = cidr.split('/');
  const size = bits(base).length;
  const low = BigInt(`0b${bits(base).slice(0, Number(length)).padEnd(size, '0')}`);
  const high = BigInt(`0b${bits(base).slice(0, Number(length)).padEnd(size, '1')}`);
  const top = (1n << BigInt(size)) - 1n;
  return [low - 1n, low, high, high + 1n].filter((one) => one >= 0n && one <= top).map((one) => unbits(one, size));
}

function sourcePorts(network: Network, caller: Caller): number[] {
  const ranges = network.networkAcls.flatMap((acl) => (acl.Entries ?? []).map((entry) => entry.PortRange));
  const edges = ranges.flatMap((range) => [
    (range?.From ?? 0) - 1,
    range?.From ?? 0,
    range?.To ?? 65535,
    (range?.To ?? 65535) + 1,
  ]);
  const { from, to } = caller.ports;
  return [...new Set([from, to, ...edges])].filter((port) => port >= from && port <= to).sort((a, b) => a - b);
}

function between(port: number, from: number | undefined, to: number | undefined): boolean {
  return (from === undefined || port >= from) && (to === undefined || port <= to);
}

/** Whether an address lies in a CIDR of its own family. */
export function within(address: string, cidr: string): boolean {
  const [base = '', length = ''] = cidr.split('/');
  const own = bits(address);
  const net = bits(base);
  return own.length === net.length && own.slice(0, Number(length)) === net.slice(0, Number(length));
}

const seen = new Map<string, string>();

function bits(address: string): string {
  const known = seen.get(address);
  if (known !== undefined) return known;
  const made = address.includes(':')
    ? bits6(address)
    : address
        .split('.')
        .map((part) => binary(part, 10, 8))
        .join('');
  seen.set(address, made);
  return made;
}

function bits6(address: string): string {
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const middle = new Array<string>(tail === undefined ? 0 : 8 - left.length - right.length).fill('0');
  return [...left, ...middle, ...right].map((part) => binary(part, 16, 16)).join('');
}

function binary(text: string, base: number, width: number): string {
  return Number.parseInt(text, base).toString(2).padStart(width, '0');
}

function unbits(value: bigint, size: number): string {
  const text = value.toString(2).padStart(size, '0');
  const part = (width: number, base: number) =>
    Array.from({ length: size / width }, (_, i) =>
      Number.parseInt(text.slice(i * width, (i + 1) * width), 2).toString(base),
    );
  return size === 32 ? part(8, 10).join('.') : part(16, 16).join(':');
}
