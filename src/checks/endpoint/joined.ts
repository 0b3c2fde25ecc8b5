/** Whether the client's VPC is connected to another one: by peering, a transit gateway, or a route of another kind. */
import { type Missing, missing, type SliceName, type State } from '../../model/state.ts';
import type { Client } from '../../network/client.ts';
import { vpcAddresses } from '../../network/destinations.ts';
import { byId } from '../../network/index-by-id.ts';
import { isBlackhole, routeTableOf, routeTarget, selectRoutes } from '../../network/route-tables.ts';

export const JOINED_SLICES = [
  'routeTables',
  'prefixLists',
  'prefixListEntries',
  'vpcs',
  'vpcPeeringConnections',
  'transitGatewayVpcAttachments',
] as const satisfies readonly SliceName[];

/** Whether anything connects the client to another VPC; `missing` is set where "no" is not sure. */
export function joinedTo(
  state: Pick<State, (typeof JOINED_SLICES)[number]>,
  client: Client,
  vpcId: string,
  other: string,
): { readonly joined: 'yes' | 'no'; readonly missing: readonly Missing[] } {
  if (leadsThere(state, client, other)) return { joined: 'yes', missing: [] };
  const found = connection(state, vpcId, other);
  // Where the lists cannot be read, a subnet without any route to other networks is answer enough.
  return hasRouteToOtherNetworks(state, client) === false && found.joined === 'no'
    ? { joined: 'no', missing: [] }
    : found;
}

/**
 * Whether a route of the client's subnet takes the other VPC's addresses: a live one, or a dead one into a connection, which
 * is there and to be repaired (transit-path-broken). A peering connection must be one of these two VPCs, in any state.
 */
function leadsThere(
  state: Pick<State, 'routeTables' | 'prefixLists' | 'prefixListEntries' | 'vpcs' | 'vpcPeeringConnections'>,
  client: Client,
  vpcId: string,
): boolean {
  const table = client.subnetId === undefined ? undefined : routeTableOf(state, client.subnetId, client.vpcId);
  const vpc = byId(state.vpcs, 'VpcId', vpcId);
  if (table === undefined || vpc === undefined) return false;
  return selectRoutes(state, table, vpcAddresses(vpc)).some(({ route }) => {
    if (route === undefined) return false;
    const target = routeTarget(route);
    if (target.kind === 'vpc-peering-connection') {
      const peering = byId(state.vpcPeeringConnections, 'VpcPeeringConnectionId', target.id);
      const ends = [peering?.AccepterVpcInfo?.VpcId, peering?.RequesterVpcInfo?.VpcId];
      return ends.includes(client.vpcId) && ends.includes(vpcId);
    }
    return JOINING.has(target.kind) && (!isBlackhole(route) || target.kind === 'transit-gateway');
  });
}

/** Whether the client's subnet has any route towards another network; undefined when its route table cannot be read. */
function hasRouteToOtherNetworks(state: Pick<State, 'routeTables'>, client: Client): boolean | undefined {
  const table = client.subnetId === undefined ? undefined : routeTableOf(state, client.subnetId, client.vpcId);
  return table?.Routes?.some((route) => JOINING.has(routeTarget(route).kind));
}

const JOINING: ReadonlySet<string> = new Set([
  'vpc-peering-connection',
  'transit-gateway',
  'virtual-private-gateway',
  'network-interface',
  'other',
]);

/** Whether a peering connection or a transit gateway has both VPCs. Routes are the path causes' business. */
function connection(
  state: Pick<State, 'vpcPeeringConnections' | 'transitGatewayVpcAttachments'>,
  a: string,
  b: string,
): { joined: 'yes' | 'no'; missing: Missing[] } {
  const peered =
    state.vpcPeeringConnections.known &&
    state.vpcPeeringConnections.value.some((peering) => {
      const ends = [peering.AccepterVpcInfo?.VpcId, peering.RequesterVpcInfo?.VpcId];
      return ends.includes(a) && ends.includes(b) && peering.Status?.Code?.toLowerCase() === 'active';
    });
  const attachments = state.transitGatewayVpcAttachments.known ? state.transitGatewayVpcAttachments.value : [];
  const gatewaysOf = (vpcId: string) =>
    attachments
      .filter((one) => one.VpcId === vpcId && one.State?.toLowerCase() === 'available')
      .flatMap((one) => one.TransitGatewayId ?? []);
  // The other VPC's attachment may be listed in another account only: the client's own is enough to say "perhaps".
  const shared = gatewaysOf(a).some((id) => gatewaysOf(b).includes(id));
  if (peered || shared) return { joined: 'yes', missing: [] };
  return {
    joined: 'no',
    missing: [
      ...(state.vpcPeeringConnections.known ? [] : [missing(state, 'vpcPeeringConnections')]),
      ...(state.transitGatewayVpcAttachments.known ? [] : [missing(state, 'transitGatewayVpcAttachments')]),
    ],
  };
}
