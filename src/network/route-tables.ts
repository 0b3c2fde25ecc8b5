/**
 * Route selection. Longest prefix first; for the same prefix static before prefix list before propagated; a propagated
 * route never beats the local one; a blackhole is selected like any other route and drops.
 * https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html,
 * https://docs.aws.amazon.com/vpn/latest/s2svpn/vpn-route-priority.html, facts.md 4.1.
 */
import type { Route, RouteTable } from '../model/aws.ts';
import type { State } from '../model/state.ts';
import {
  type AddressRange,
  type AddressSet,
  intersectAddresses,
  parseCidr,
  subtractAddresses,
  unionAddresses,
} from './addresses.ts';
import { prefixListCidrs } from './prefix-lists.ts';

export type RouteReads = Pick<State, 'routeTables' | 'prefixLists' | 'prefixListEntries'>;

export type RouteTarget = {
  readonly kind:
    | 'local'
    | 'internet-gateway'
    | 'egress-only-internet-gateway'
    | 'nat-gateway'
    | 'vpc-endpoint'
    | 'transit-gateway'
    | 'vpc-peering-connection'
    | 'virtual-private-gateway'
    | 'network-interface'
    | 'other';
  readonly id: string;
};

/** The part of the destinations that one route wins; `undetermined` when two routes are equal or a list is unreadable. */
export type RoutePart = {
  readonly destinations: AddressSet;
  readonly winner: 'route' | 'none' | 'undetermined';
  readonly route?: Route | undefined;
  /** the CIDR that matched */
  readonly destination?: string | undefined;
  readonly prefixLength?: number | undefined;
  /** the prefix list whose entries could not be read, when that is why */
  readonly unreadablePrefixListId?: string | undefined;
};

const DETACHED = new Set(['disassociating', 'disassociated', 'failed']);

/**
 * The route table of a subnet: the explicitly associated one, else the VPC's main one. An implicit association is not
 * listed by the API. Undefined when the readable state holds neither, or cannot be read.
 */
export function routeTableOf(
  state: Pick<State, 'routeTables'>,
  subnetId: string,
  vpcId: string | undefined,
): RouteTable | undefined {
  if (!state.routeTables.known) return undefined;
  const tables = state.routeTables.value;
  const effective = (table: RouteTable) =>
    (table.Associations ?? []).filter(
      (association) => !DETACHED.has(association.AssociationState?.State?.toLowerCase() ?? ''),
    );
  return (
    tables.find((table) => effective(table).some((association) => association.SubnetId === subnetId)) ??
    (vpcId === undefined
      ? undefined
      : tables.find(
          (table) => table.VpcId === vpcId && effective(table).some((association) => association.Main === true),
        ))
  );
}

/** Where a route leads. */
export function routeTarget(route: Route): RouteTarget {
  const gateway = route.GatewayId;
  if (gateway === 'local') return { kind: 'local', id: 'local' };
  if (gateway?.startsWith('igw-')) return { kind: 'internet-gateway', id: gateway };
  if (gateway?.startsWith('vpce-')) return { kind: 'vpc-endpoint', id: gateway };
  if (gateway?.startsWith('vgw-')) return { kind: 'virtual-private-gateway', id: gateway };
  if (route.NatGatewayId !== undefined) return { kind: 'nat-gateway', id: route.NatGatewayId };
  if (route.TransitGatewayId !== undefined) return { kind: 'transit-gateway', id: route.TransitGatewayId };
  if (route.VpcPeeringConnectionId !== undefined)
    return { kind: 'vpc-peering-connection', id: route.VpcPeeringConnectionId };
  if (route.EgressOnlyInternetGatewayId !== undefined)
    return { kind: 'egress-only-internet-gateway', id: route.EgressOnlyInternetGatewayId };
  if (route.NetworkInterfaceId !== undefined) return { kind: 'network-interface', id: route.NetworkInterfaceId };
  const other =
    route.InstanceId ??
    route.LocalGatewayId ??
    route.CarrierGatewayId ??
    route.CoreNetworkArn ??
    route.OdbNetworkArn ??
    gateway;
  return { kind: 'other', id: other ?? 'an unnamed target' };
}

export function isBlackhole(route: Route): boolean {
  return route.State?.toLowerCase() === 'blackhole';
}

/** What the route says about its destination. */
export function routeDestination(route: Route): string {
  return route.DestinationCidrBlock ?? route.DestinationIpv6CidrBlock ?? route.DestinationPrefixListId ?? '?';
}

const RANK = { static: 0, 'prefix-list': 1, propagated: 2 } as const;
type Entry = { range: AddressRange; cidr: string; prefixLength: number; rank: number; route: Route };

/**
 * Divides destinations among the routes that win them.
 * @param extra routes to evaluate as if the table held them: the gateway endpoint's, when it is the one that is missing
 */
export function selectRoutes(
  state: Pick<State, 'prefixLists' | 'prefixListEntries'>,
  table: RouteTable,
  destinations: AddressSet,
  extra: readonly Route[] = [],
): RoutePart[] {
  const entries: Entry[] = [];
  const unreadable: string[] = [];
  for (const route of [...(table.Routes ?? []), ...extra]) {
    // `filtered` routes are listed, not used.
    if (route.State?.toLowerCase() === 'filtered') continue;
    const listId = route.DestinationPrefixListId;
    const cidrs = listId === undefined ? [routeDestination(route)] : prefixListCidrs(state, listId);
    if (cidrs === undefined) {
      // A list that leads to a gateway endpoint is that service's own: it takes nothing from other destinations.
      if (listId !== undefined && routeTarget(route).kind !== 'vpc-endpoint') unreadable.push(listId);
      continue;
    }
    const rank = isPropagated(route) ? RANK.propagated : listId === undefined ? RANK.static : RANK['prefix-list'];
    for (const cidr of cidrs) {
      const parsed = parseCidr(cidr);
      if (parsed !== undefined)
        entries.push({ range: parsed.range, cidr, prefixLength: parsed.prefixLength, rank, route });
    }
  }
  const local = entries.filter((entry) => routeTarget(entry.route).kind === 'local').map((entry) => entry.range);
  entries.sort((a, b) => b.prefixLength - a.prefixLength || a.rank - b.rank);

  const parts: RoutePart[] = [];
  let rest = destinations;
  for (const entry of entries) {
    const reach =
      entry.rank === RANK.propagated ? subtractAddresses([entry.range], unionAddresses(local)) : [entry.range];
    const taken = intersectAddresses(rest, reach);
    if (taken.length === 0) continue;
    rest = subtractAddresses(rest, taken);
    // The same prefix twice with the same rank: AWS picks one at random and keeps to it. We report it, we do not guess.
    const rival = entries.some(
      (other) =>
        other !== entry &&
        other.prefixLength === entry.prefixLength &&
        other.rank === entry.rank &&
        other.range.low === entry.range.low &&
        other.range.family === entry.range.family &&
        routeTarget(other.route).id !== routeTarget(entry.route).id,
    );
    parts.push({
      destinations: taken,
      winner: rival ? 'undetermined' : 'route',
      route: entry.route,
      destination: entry.cidr,
      prefixLength: entry.prefixLength,
    });
  }
  if (rest.length > 0) parts.push({ destinations: rest, winner: 'none' });

  // A list that cannot be read might hold a more specific entry for anything but the VPC's own addresses (an entry
  // inside the VPC would have to be a whole subnet towards an appliance: not assumed). What is left is undetermined.
  const first = unreadable[0];
  if (first === undefined) return parts;
  return parts.map((part) =>
    part.route !== undefined && routeTarget(part.route).kind === 'local'
      ? part
      : { ...part, winner: 'undetermined' as const, unreadablePrefixListId: first },
  );
}

function isPropagated(route: Route): boolean {
  return route.Origin === 'EnableVgwRoutePropagation' || route.Origin === 'Advertisement';
}

/** `10.0.3.0/24 → nat-0aa (blackhole)` */
export function formatRoute(route: Route): string {
  return `${routeDestination(route)} → ${routeTarget(route).id}${isBlackhole(route) ? ' (blackhole)' : ''}`;
}
