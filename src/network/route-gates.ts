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
import { isBlackhole, type RoutePart, routeTableOf, routeTarget, selectRoutes } from './route-tables.ts';

export type RouteGateReads = Pick<State, 'routeTables' | 'prefixLists' | 'prefixListEntries'>;
/** What is needed on top where the endpoint is in another VPC. */
export type RouteConnectionReads = RouteGateReads & Pick<State, 'vpcPeeringConnections'>;

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
    else gaps.push(unsettled(state, client, destination, table.RouteTableId, unreadable));
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
    return blind(gate, asked, [unsettled(state, client, destination, table.RouteTableId, unreadable)], resources);
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
): Missing {
  if (unreadable !== undefined) return missing(state, 'prefixListEntries', unreadable);
  if (destination.kind === 'interface' && destination.vpcId !== client.vpcId)
    return missing(state, 'vpcPeeringConnections', `how ${client.vpcId} and ${destination.vpcId} are joined`);
  return missing(state, 'routeTables', `two routes of ${tableId} are equal for the same destination`);
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
  if (isBlackhole(route)) return { ...part, effect: 'blackhole' };
  const target = routeTarget(route);
  if (destination.kind === 'gateway')
    return { ...part, effect: destination.endpointIds.includes(target.id) ? 'arrives' : 'elsewhere' };
  if (destination.kind === 'public') return { ...part, effect: 'elsewhere' };
  const sameVpc = destination.vpcId === undefined || client.vpcId === undefined || destination.vpcId === client.vpcId;
  if (sameVpc) return { ...part, effect: target.kind === 'local' ? 'arrives' : 'elsewhere' };
  if (target.kind === 'vpc-peering-connection') {
    const peering = byId(state.vpcPeeringConnections, 'VpcPeeringConnectionId', target.id);
    if (peering === undefined) return { ...part, effect: 'undetermined' };
    const ends = [peering.AccepterVpcInfo?.VpcId, peering.RequesterVpcInfo?.VpcId];
    const joins = ends.includes(client.vpcId) && ends.includes(destination.vpcId);
    return { ...part, effect: joins && peering.Status?.Code?.toLowerCase() === 'active' ? 'arrives' : 'elsewhere' };
  }
  // A transit gateway has route tables of its own; whether they lead on cannot be said from this VPC's.
  if (target.kind === 'transit-gateway' || target.id.startsWith('arn:')) return { ...part, effect: 'undetermined' };
  return { ...part, effect: 'elsewhere' };
}
