/** The gates that route tables are: the client subnet's towards the endpoint, and the endpoint subnet's back. */
import type { Route } from '../model/aws.ts';
import { type Missing, missing, type State } from '../model/state.ts';
import { type Client, clientAddress } from './client.ts';
import type { Destination, GatewayDestination, InterfaceDestination } from './destinations.ts';
import { flows, isEmpty, NO_FLOWS } from './flows.ts';
import {
  askedFlows,
  blind,
  type ClassifiedPart,
  divide,
  ephemeral,
  type Gate,
  type RouteEffect,
  SAME_SUBNET,
  sameSubnet,
  skip,
  unknownClient,
  unreadAddresses,
} from './gates.ts';
import { byId } from './index-by-id.ts';
import {
  isBlackhole,
  type RoutePart,
  type RouteTarget,
  routeTableOf,
  routeTarget,
  selectRoutes,
} from './route-tables.ts';
import { isInOtherVpc } from './transit-gates.ts';

export type RouteGateReads = Pick<State, 'routeTables' | 'prefixLists' | 'prefixListEntries'>;
/** What is needed on top where the endpoint is in another VPC. */
export type RouteConnectionReads = RouteGateReads & Pick<State, 'vpcPeeringConnections' | 'natGateways'>;

/**
 * The client subnet's route table towards an endpoint. A gateway endpoint whose route is missing is evaluated as if it had
 * the route, so that a more specific route that would still be in the way is named in the same run.
 */
export function routeGate(state: RouteConnectionReads, client: Client, destination: Destination): Gate {
  const gate = 'route';
  const asked = askedFlows(client, destination);
  if (sameSubnet(client, destination)) return skip(gate, asked, SAME_SUBNET);
  if (client.subnetId === undefined)
    return blind(gate, asked, [missing(state as Pick<State, never>, 'networkInterfaces', 'the client’s subnet')]);
  const table = routeTableOf(state, client.subnetId, client.vpcId);
  if (table === undefined)
    return blind(gate, asked, [missing(state, 'routeTables', `the route table of ${client.subnetId}`)]);

  const gateway = destination.kind === 'gateway' ? destination : undefined;
  const own = (table.Routes ?? []).filter(
    (route) => route.GatewayId !== undefined && gateway?.endpointIds.includes(route.GatewayId),
  );
  const endpointRouteMissing = gateway !== undefined && own.length === 0;
  const selected = selectRoutes(
    state,
    table,
    destination.addresses,
    endpointRouteMissing ? virtualRoutes(gateway) : [],
  );
  const parts =
    gateway === undefined || gateway.exact
      ? selected.map((part) => classify(state, client, destination, part))
      : classifyUnread(own.length === 0 ? virtualRoutes(gateway) : own, selected);
  const of = (...effects: RouteEffect[]) =>
    parts
      .filter((part) => effects.includes(part.effect))
      .flatMap((part) => flows(part.destinations, ephemeral(client)));
  const divided = endpointRouteMissing
    ? { asked, pass: NO_FLOWS, block: asked, unknown: NO_FLOWS }
    : divide(destination, asked, of('arrives'), of('undetermined'));
  const unreadable = parts.find((part) => part.unreadablePrefixListId !== undefined)?.unreadablePrefixListId;
  const gaps: Missing[] = [];
  // Where the endpoint's route is missing everything is blocked, and yet it is open what else would be in the way.
  const unsure = endpointRouteMissing ? of('undetermined') : divided.unknown;
  if (!isEmpty(unsure)) {
    if (unreadable === undefined && destination.kind !== 'interface' && !destination.exact)
      gaps.push(...unreadAddresses(state, destination, unsure));
    else gaps.push(unsettled(state, client, destination, table.RouteTableId, unreadable, parts));
  }
  return {
    gate,
    resources: [table.RouteTableId],
    ...divided,
    missing: gaps,
    routes: { routeTableId: table.RouteTableId, subnetId: client.subnetId, parts, endpointRouteMissing },
  };
}

/**
 * The endpoint subnet's route table towards the client (facts.md 4.1). In one VPC that is the local route, unless a more
 * specific one takes the answers away, dead or alive; another VPC's client needs a route of its own.
 */
export function returnRouteGate(state: RouteConnectionReads, client: Client, destination: InterfaceDestination): Gate {
  const gate = 'endpoint-route-return';
  const asked = askedFlows(client, destination);
  const { subnetId, vpcId, networkInterfaceId } = destination;
  if (sameSubnet(client, destination)) return skip(gate, asked, SAME_SUBNET);
  const source = clientAddress(client, destination.family);
  if (source.length === 0) return unknownClient(gate, asked);
  const lacking = (detail: string) => missing(state as Pick<State, never>, 'networkInterfaces', detail);
  if (subnetId === undefined) return blind(gate, asked, [lacking(`the subnet of ${networkInterfaceId}`)]);
  const table = routeTableOf(state, subnetId, vpcId);
  if (table === undefined) return blind(gate, asked, [missing(state, 'routeTables', `the route table of ${subnetId}`)]);

  const parts = selectRoutes(state, table, source).map((part) => classify(state, client, destination, part));
  const resources = [table.RouteTableId];
  if (parts.every((part) => part.effect === 'arrives'))
    return { gate, resources, asked, pass: asked, block: NO_FLOWS, unknown: NO_FLOWS, missing: [] };
  // A client of which the subnet or the VPC is not known may be one whose answers never meet this table.
  if (client.subnetId === undefined || client.vpcId === undefined)
    return blind(gate, asked, [lacking('the client’s subnet')], resources);
  const unreadable = parts.find((part) => part.unreadablePrefixListId !== undefined)?.unreadablePrefixListId;
  if (parts.some((part) => part.effect === 'undetermined'))
    return blind(
      gate,
      asked,
      [unsettled(state, client, destination, table.RouteTableId, unreadable, parts)],
      resources,
    );
  return {
    gate,
    resources,
    asked,
    pass: NO_FLOWS,
    block: asked,
    unknown: NO_FLOWS,
    missing: [],
    routes: { routeTableId: table.RouteTableId, subnetId, parts, endpointRouteMissing: false },
  };
}

/** The one answer that would tell which route wins, or where it leads. */
function unsettled(
  state: RouteConnectionReads,
  client: Client,
  destination: Destination,
  tableId: string,
  unreadable: string | undefined,
  parts: readonly ClassifiedPart[],
): Missing {
  if (unreadable !== undefined) return missing(state, 'prefixListEntries', unreadable);
  if (isInOtherVpc(client, destination)) return unseenWay(state, client, destination, parts);
  return missing(state, 'routeTables', `two routes of ${tableId} are equal for the same destination`);
}

/** Towards another VPC: the connection that could not be read, or the device whose work nobody can read. */
function unseenWay(
  state: RouteConnectionReads,
  client: Client,
  destination: InterfaceDestination,
  parts: readonly ClassifiedPart[],
): Missing {
  const part = parts.find((one) => one.effect === 'undetermined');
  const target = part?.winner === 'route' && part.route !== undefined ? routeTarget(part.route) : undefined;
  if (target?.kind === 'nat-gateway') return missing(state, 'natGateways', `where ${target.id} leads`);
  if (target === undefined || target.kind === 'vpc-peering-connection')
    return missing(state, 'vpcPeeringConnections', `how ${client.vpcId} and ${destination.vpcId} are joined`);
  return {
    slice: 'routeTables',
    action: 'ec2:DescribeRouteTables',
    why: 'not-visible',
    detail: `whether ${target.id}, which takes it, leads on to ${destination.vpcId}: an appliance, a firewall or a VPN is not visible`,
  };
}

/** The route that associating the endpoint with the route table would add. */
function virtualRoutes(destination: GatewayDestination): Route[] {
  return destination.prefixListIds.map((id) => ({
    DestinationPrefixListId: id,
    GatewayId: destination.endpointIds[0],
    Origin: 'CreateRoute',
    State: 'active',
  }));
}

/**
 * Where the service's CIDRs could not be read: its list holds no default route, so the endpoint's route wins against one
 * (facts.md 4.2). Any other route may be longer or shorter than the entries, and may meet none of them.
 */
function classifyUnread(own: readonly Route[], parts: readonly RoutePart[]): ClassifiedPart[] {
  const loses = (part: RoutePart) => part.winner === 'none' || (part.winner === 'route' && part.prefixLength === 0);
  if (!parts.every(loses)) return parts.map((part) => ({ ...part, effect: 'undetermined' }));
  const dead = own.every(isBlackhole) ? own[0] : undefined;
  return parts.map((part) =>
    dead === undefined
      ? { ...part, effect: 'arrives' }
      : { ...part, winner: 'route', route: dead, effect: 'blackhole' },
  );
}

function classify(
  state: RouteConnectionReads,
  client: Client,
  destination: Destination,
  part: RoutePart,
): ClassifiedPart {
  if (part.winner === 'undetermined') return { ...part, effect: 'undetermined' };
  const route = part.route;
  if (part.winner === 'none' || route === undefined) return { ...part, effect: 'no-route' };
  const target = routeTarget(route);
  const away = isInOtherVpc(client, destination);
  // A route into a dead or unfinished connection is repaired at the connection, which the transit gate looks at.
  // One into an exit leads to no other VPC, dead or alive: what is lacking is a route of its own.
  const spared = away && (CONNECTIONS.has(target.kind) || EXITS.has(target.kind));
  if (isBlackhole(route) && !spared) return { ...part, effect: 'blackhole' };
  if (destination.kind === 'gateway')
    return { ...part, effect: destination.endpointIds.includes(target.id) ? 'arrives' : 'elsewhere' };
  if (destination.kind === 'public') return { ...part, effect: 'elsewhere' };
  if (!away) return { ...part, effect: target.kind === 'local' ? 'arrives' : 'elsewhere' };
  return { ...part, effect: towardsOtherVpc(state, client, destination, part, target) };
}

const CONNECTIONS: ReadonlySet<RouteTarget['kind']> = new Set(['vpc-peering-connection', 'transit-gateway']);
/** An appliance, a firewall endpoint or a VPN may lead on to the other VPC; nothing that this tool reads shows whether it does. */
const PERHAPS: ReadonlySet<RouteTarget['kind']> = new Set([
  'network-interface',
  'vpc-endpoint',
  'virtual-private-gateway',
  'other',
]);

/** What a live route does for an interface of another VPC. What comes after it is the transit gate's business. */
function towardsOtherVpc(
  state: RouteConnectionReads,
  client: Client,
  destination: InterfaceDestination,
  part: RoutePart,
  target: RouteTarget,
): RouteEffect {
  if (target.kind === 'transit-gateway') return 'arrives';
  if (PERHAPS.has(target.kind)) return 'undetermined';
  if (target.kind === 'nat-gateway') return behindNat(state, target.id, part);
  if (target.kind !== 'vpc-peering-connection') return 'elsewhere';
  const peering = byId(state.vpcPeeringConnections, 'VpcPeeringConnectionId', target.id);
  if (peering === undefined) return 'undetermined';
  const ends = [peering.AccepterVpcInfo?.VpcId, peering.RequesterVpcInfo?.VpcId];
  // A peering connection leads to its two VPCs and never further (facts.md 4.3).
  return ends.includes(client.vpcId) && ends.includes(destination.vpcId) ? 'arrives' : 'elsewhere';
}

/** A NAT gateway passes on what the table of its own subnet leads on; to an internet gateway, a private address is lost. */
function behindNat(state: RouteConnectionReads, id: string, part: RoutePart): RouteEffect {
  const nat = byId(state.natGateways, 'NatGatewayId', id);
  if (state.natGateways.known && (nat?.State ?? 'available').toLowerCase() !== 'available') return 'elsewhere';
  // The list holds the client's VPC's: one that is not there does not exist.
  if (state.natGateways.known && nat === undefined) return 'elsewhere';
  const table = nat?.SubnetId === undefined ? undefined : routeTableOf(state, nat.SubnetId, nat.VpcId);
  if (table === undefined) return 'undetermined';
  const lost = selectRoutes(state, table, part.destinations).every(
    ({ winner, route }) =>
      winner === 'none' || (winner === 'route' && route !== undefined && LOST.has(routeTarget(route).kind)),
  );
  return lost ? 'elsewhere' : 'undetermined';
}

const LOST: ReadonlySet<RouteTarget['kind']> = new Set(['internet-gateway', 'local']);
const EXITS: ReadonlySet<RouteTarget['kind']> = new Set([
  'internet-gateway',
  'egress-only-internet-gateway',
  'nat-gateway',
]);
