/**
 * Route tables as policy routing of a VPC's router: one kernel table per route table, chosen by the wire on which a
 * packet comes in. The kernel does the longest prefix match; static before prefix list before propagated is the metric;
 * a blackhole is a blackhole route; `local` is a `throw` into the table of the VPC's own hosts, so that a more specific
 * route beats it exactly as it would in a VPC. Sources: VPC/route-tables-priority, VPC/subnet-route-tables; facts.md 4.
 */
import type { World } from '../../src/lab/world.ts';
import type { SliceElement } from '../../src/model/state.ts';
import { covers, familyOf } from './addresses.ts';
import { peered, prefixListCidrs } from './filters.ts';
import type { BedVpc, Layout, Subnet } from './layout.ts';
import { arrivalSubnet } from './transit.ts';

type Route = NonNullable<SliceElement<'routeTables'>['Routes']>[number];

/** The router's devices other than the hosts' wires. */
export const DEVICES = {
  /** Amazon's side that is never filtered: resolver, metadata service */
  platform: 'platform',
  /** through the internet gateway */
  internet: 'internet',
  /** through a gateway endpoint */
  services: 'services',
  transit: 'transit',
} as const;

export function peeringDevice(other: BedVpc): string {
  return `peer${other.index}`;
}

/** Ends of every wire that is not a host's; told apart by their device, so that all may be equal. */
export const NEAR = { 4: '100.127.0.1', 6: 'fe80::1' } as const;
export const FAR = { 4: '100.127.0.2', 6: 'fe80::2' } as const;

export type WireEnd = { readonly 4: string; readonly 6: string };

/** A router's own end of its peering wires: unlike the others it may not be an address that the other router has too. */
export function peeringEnd(vpc: BedVpc): WireEnd {
  return { 4: `100.127.1.${vpc.index + 1}`, 6: `fe80::1:${vpc.index + 1}` };
}

/** `via … dev …` towards the far (or near) end of a wire. */
export function over(device: string, family: 4 | 6, end: WireEnd = FAR): string {
  return ` via ${end[family]} dev ${device} onlink`;
}

const HOSTS_TABLE = 900;
const FIRST_TABLE = 1000;
const METRIC = { static: 10, prefixList: 20, propagated: 30, nothing: 4294967295 } as const;

/** Lines for `ip -batch` in the router's namespace of one VPC. */
export function routeLines(world: World, layout: Layout, vpc: BedVpc): string[] {
  const lines: string[] = [];
  const platform = ['169.254.0.0/16', 'fd00:ec2::/32'];
  const base = vpc.cidrs[0];
  if (layout.clientVpc === vpc && base !== undefined) platform.push(`${resolverAddress(base)}/32`);
  if (layout.clientVpc === vpc) {
    for (const to of platform) lines.push(`${flag(to)} rule add to ${to} lookup 800 priority 10`);
    for (const to of platform)
      lines.push(`${flag(to)} route add ${to}${over(DEVICES.platform, familyOf(to))} table 800`);
  }
  const used = new Map<string, number>();
  const tableOf = (subnet: Subnet): number | undefined => {
    const id = subnet.routeTableId;
    if (id === undefined) return undefined;
    // Whether a transit gateway takes a packet depends on the zone that it comes from.
    const key = world.api.transitGatewayVpcAttachments.length === 0 ? id : `${id} ${subnet.zone}`;
    const known = used.get(key);
    if (known !== undefined) return known;
    const table = FIRST_TABLE + used.size;
    used.set(key, table);
    lines.push(...tableLines(world, layout, vpc, id, table, subnet));
    return table;
  };
  // What comes from a transit gateway is routed on by the table of the attachment's own subnet.
  const arrival = arrivalSubnet(world, layout, vpc);
  const arrivalTable = arrival === undefined ? undefined : tableOf(arrival);
  if (arrivalTable !== undefined)
    for (const family of ['-4', '-6'])
      lines.push(`${family} rule add iif ${DEVICES.transit} lookup ${arrivalTable} priority 100`);
  for (const host of vpc.hosts) {
    const table = tableOf(host.subnet);
    if (table === undefined) continue;
    // "Traffic destined to the MAC address of another network interface in the subnet uses data link routing": no route
    // of the table applies inside a subnet (VPC/gateway-route-tables).
    for (const cidr of [host.subnet.cidr, host.subnet.ipv6Cidr].filter((text) => text !== undefined && text !== ''))
      lines.push(`${flag(cidr ?? '')} rule add iif v-${host.name} to ${cidr} lookup ${HOSTS_TABLE} priority 90`);
    for (const family of ['-4', '-6']) lines.push(`${family} rule add iif v-${host.name} lookup ${table} priority 100`);
  }
  for (const family of ['-4', '-6']) {
    lines.push(`${family} rule add lookup ${HOSTS_TABLE} priority 200`);
    lines.push(`${family} route add blackhole default table ${HOSTS_TABLE} metric ${METRIC.nothing}`);
  }
  for (const host of vpc.hosts) {
    for (const address of host.ipv4) lines.push(`-4 route add ${address}/32 dev v-${host.name} table ${HOSTS_TABLE}`);
    for (const address of host.ipv6) lines.push(`-6 route add ${address}/128 dev v-${host.name} table ${HOSTS_TABLE}`);
  }
  return lines;
}

/** The address of Amazon's resolver: the primary CIDR's base plus two. */
export function resolverAddress(cidr: string): string {
  const parts = (cidr.split('/')[0] ?? '').split('.');
  return [...parts.slice(0, 3), Number(parts[3]) + 2].join('.');
}

function tableLines(
  world: World,
  layout: Layout,
  vpc: BedVpc,
  routeTableId: string,
  table: number,
  subnet: Subnet,
): string[] {
  const routes = world.api.routeTables.find((candidate) => candidate.RouteTableId === routeTableId)?.Routes ?? [];
  const local = routes.filter((route) => route.GatewayId === 'local').flatMap((route) => destinations(world, route));
  const chosen = new Map<string, string>();
  for (const route of routes) {
    // `filtered` routes are listed, not used.
    if (route.State?.toLowerCase() === 'filtered') continue;
    const propagated = route.Origin === 'EnableVgwRoutePropagation' || route.Origin === 'Advertisement';
    const kind = propagated ? 'propagated' : route.DestinationPrefixListId === undefined ? 'static' : 'prefixList';
    for (const destination of destinations(world, route)) {
      // Propagated routes never take what the local route covers, however specific they are.
      if (propagated && local.some((cidr) => covers(cidr, destination))) continue;
      const key = `${flag(destination)} ${destination} ${METRIC[kind]}`;
      // Two equal routes have no defined winner; worlds that are judged hold none.
      if (chosen.has(key)) continue;
      const { type, via } = nextHop(world, layout, vpc, route, subnet, familyOf(destination));
      chosen.set(
        key,
        `${flag(destination)} route add ${type}${destination}${via} table ${table} metric ${METRIC[kind]}`,
      );
    }
  }
  const rest = ['-4', '-6'].map(
    (family) => `${family} route add blackhole default table ${table} metric ${METRIC.nothing}`,
  );
  return [...chosen.values(), ...rest];
}

function destinations(world: World, route: Route): string[] {
  if (route.DestinationPrefixListId !== undefined) return prefixListCidrs(world, route.DestinationPrefixListId);
  return [route.DestinationCidrBlock ?? route.DestinationIpv6CidrBlock ?? []].flat();
}

const NOWHERE = { type: 'blackhole ', via: '' };

/** Where a route leads. A target that is gone, or that this bed does not build, swallows packets: so does AWS. */
function nextHop(
  world: World,
  layout: Layout,
  vpc: BedVpc,
  route: Route,
  subnet: Subnet,
  family: 4 | 6,
): { type: string; via: string } {
  if (route.State?.toLowerCase() === 'blackhole') return NOWHERE;
  const device = (name: string) => ({ type: '', via: over(name, family) });
  const { GatewayId: gateway } = route;
  if (gateway === 'local') return { type: 'throw ', via: '' };
  if (gateway?.startsWith('vpce-'))
    return gatewayEndpointWorks(world, vpc, gateway) ? device(DEVICES.services) : NOWHERE;
  if (gateway?.startsWith('igw-')) {
    const attached = world.api.internetGateways.some(
      (candidate) =>
        candidate.InternetGatewayId === gateway &&
        candidate.Attachments?.some((attachment) => attachment.VpcId === vpc.id),
    );
    return attached ? device(DEVICES.internet) : NOWHERE;
  }
  if (route.EgressOnlyInternetGatewayId !== undefined) return family === 6 ? device(DEVICES.internet) : NOWHERE;
  if (route.NatGatewayId !== undefined) {
    const nat = vpc.hosts.find((host) => host.natGatewayId === route.NatGatewayId);
    return nat === undefined ? NOWHERE : { type: '', via: ` via ${nat.ipv4[0]} dev v-${nat.name} onlink` };
  }
  if (route.NetworkInterfaceId !== undefined) {
    const appliance = vpc.hosts.find((host) => host.networkInterfaceId === route.NetworkInterfaceId);
    const address = appliance?.ipv4[0];
    if (appliance === undefined || address === undefined || family === 6) return NOWHERE;
    return { type: '', via: ` via ${address} dev v-${appliance.name} onlink` };
  }
  if (route.VpcPeeringConnectionId !== undefined) {
    const other = layout.vpcs.find(
      (candidate) => peered(world, vpc.id, candidate.id) && joins(world, route.VpcPeeringConnectionId, candidate.id),
    );
    if (other === undefined) return NOWHERE;
    return { type: '', via: over(peeringDevice(other), family, peeringEnd(other)) };
  }
  if (route.TransitGatewayId !== undefined)
    return transitServes(world, route.TransitGatewayId, vpc, subnet) ? device(DEVICES.transit) : NOWHERE;
  return NOWHERE;
}

/** A gateway endpoint of this VPC that is available; its policy is not the network's business. */
function gatewayEndpointWorks(world: World, vpc: BedVpc, endpointId: string): boolean {
  return world.api.vpcEndpoints.some(
    (endpoint) =>
      endpoint.VpcEndpointId === endpointId &&
      endpoint.VpcEndpointType === 'Gateway' &&
      endpoint.VpcId === vpc.id &&
      endpoint.State?.toLowerCase() === 'available',
  );
}

function joins(world: World, peeringId: string | undefined, vpcId: string): boolean {
  return world.api.vpcPeeringConnections.some(
    (peering) =>
      peering.VpcPeeringConnectionId === peeringId &&
      [peering.AccepterVpcInfo?.VpcId, peering.RequesterVpcInfo?.VpcId].includes(vpcId),
  );
}

/** The VPC's attachment must be available and present in the subnet's zone (facts.md 4.3). */
export function transitServes(world: World, transitGatewayId: string, vpc: BedVpc, subnet: Subnet): boolean {
  return world.api.transitGatewayVpcAttachments.some(
    (attachment) =>
      attachment.TransitGatewayId === transitGatewayId &&
      attachment.VpcId === vpc.id &&
      attachment.State?.toLowerCase() === 'available' &&
      (attachment.SubnetIds ?? []).some((id) => vpc.subnets.some((s) => s.id === id && s.zone === subnet.zone)),
  );
}

function flag(destination: string): string {
  return `-${familyOf(destination)}`;
}
