/** Peering connections and transit gateways: what write calls do to a world's description. From the API reference. */
import type { World } from '../../src/lab/world.ts';
import { type Call, need } from './aws-call.ts';

type Write = (world: World, call: Call) => void;
type Routes = NonNullable<World['api']['routeTables'][number]['Routes']>;

export const TRANSIT_WRITES: Readonly<Record<string, Write>> = {
  'accept-vpc-peering-connection': (world, call) => {
    const id = need(call, 'vpc-peering-connection-id');
    const found = peering(world, id);
    if (found.Status?.Code !== 'pending-acceptance') throw new Error(`InvalidStateTransition: ${found.Status?.Code}`);
    found.Status = { Code: 'active' };
    turn(world, (route) => route.VpcPeeringConnectionId === id, 'active');
  },
  'delete-vpc-peering-connection': (world, call) => {
    const id = need(call, 'vpc-peering-connection-id');
    peering(world, id).Status = { Code: 'deleted' };
    turn(world, (route) => route.VpcPeeringConnectionId === id, 'blackhole');
  },
  'accept-transit-gateway-vpc-attachment': (world, call) => {
    const found = attachment(world, call);
    if (found.State !== 'pendingAcceptance') throw new Error(`IncorrectState: ${found.State}`);
    setState(world, found.TransitGatewayAttachmentId, 'available');
    turn(world, (route, vpc) => route.TransitGatewayId === found.TransitGatewayId && vpc === found.VpcId, 'active');
  },
  'delete-transit-gateway-vpc-attachment': (world, call) => {
    const found = attachment(world, call);
    setState(world, found.TransitGatewayAttachmentId, 'deleted');
    turn(world, (route, vpc) => route.TransitGatewayId === found.TransitGatewayId && vpc === found.VpcId, 'blackhole');
  },
  'modify-transit-gateway-vpc-attachment': (world, call) => {
    const found = attachment(world, call);
    const added = call.all('add-subnet-ids');
    const zones = new Map(world.api.subnets.map((subnet) => [subnet.SubnetId, subnet.AvailabilityZone]));
    const rest = (found.SubnetIds ?? []).filter((id) => !call.all('remove-subnet-ids').includes(id));
    if (added.some((id) => rest.some((other) => zones.get(other) === zones.get(id))))
      throw new Error('DuplicateSubnetsInSameZone');
    found.SubnetIds = [...rest, ...added];
  },
  'associate-transit-gateway-route-table': (world, call) => {
    const found = described(world, call);
    if (found.Association !== undefined) throw new Error('Resource.AlreadyAssociated');
    found.Association = {
      TransitGatewayRouteTableId: need(call, 'transit-gateway-route-table-id'),
      State: 'associated',
    };
  },
  'disassociate-transit-gateway-route-table': (world, call) => {
    delete described(world, call).Association;
  },
  'create-transit-gateway-route': (world, call) => {
    if (routesOf(world, call).some((route) => isStatic(route, need(call, 'destination-cidr-block'))))
      throw new Error('RouteAlreadyExists');
    addRoute(world, call);
  },
  'replace-transit-gateway-route': (world, call) => {
    removeRoute(world, call);
    addRoute(world, call);
  },
  'delete-transit-gateway-route': removeRoute,
};

type TransitRoutes = NonNullable<World['api']['transitGatewayRoutes'][number]['Routes']>;

function routesOf(world: World, call: Call): TransitRoutes {
  const id = need(call, 'transit-gateway-route-table-id');
  const table = world.api.transitGatewayRoutes.find((found) => found.TransitGatewayRouteTableId === id);
  if (table === undefined) throw new Error(`InvalidRouteTableID.NotFound: ${id}`);
  table.Routes ??= [];
  return table.Routes;
}

function isStatic(route: TransitRoutes[number], cidr: string): boolean {
  return route.DestinationCidrBlock === cidr && route.Type === 'static';
}

function addRoute(world: World, call: Call): void {
  const blackhole = call.has('blackhole');
  const id = blackhole ? undefined : need(call, 'transit-gateway-attachment-id');
  const far = world.api.transitGatewayVpcAttachments.find((found) => found.TransitGatewayAttachmentId === id);
  routesOf(world, call).push({
    DestinationCidrBlock: need(call, 'destination-cidr-block'),
    ...(id === undefined
      ? {}
      : {
          TransitGatewayAttachments: [{ ResourceId: far?.VpcId, TransitGatewayAttachmentId: id, ResourceType: 'vpc' }],
        }),
    Type: 'static',
    State: blackhole ? 'blackhole' : 'active',
  });
}

function removeRoute(world: World, call: Call): void {
  const routes = routesOf(world, call);
  const at = routes.findIndex((route) => isStatic(route, need(call, 'destination-cidr-block')));
  if (at < 0) throw new Error('InvalidRoute.NotFound');
  routes.splice(at, 1);
}

function peering(world: World, id: string): World['api']['vpcPeeringConnections'][number] {
  const found = world.api.vpcPeeringConnections.find((one) => one.VpcPeeringConnectionId === id);
  if (found === undefined) throw new Error(`InvalidVpcPeeringConnectionID.NotFound: ${id}`);
  return found;
}

function attachment(world: World, call: Call): World['api']['transitGatewayVpcAttachments'][number] {
  const id = need(call, 'transit-gateway-attachment-id');
  const found = world.api.transitGatewayVpcAttachments.find((one) => one.TransitGatewayAttachmentId === id);
  if (found === undefined) throw new Error(`InvalidTransitGatewayAttachmentID.NotFound: ${id}`);
  return found;
}

function described(world: World, call: Call): World['api']['transitGatewayAttachments'][number] {
  const id = need(call, 'transit-gateway-attachment-id');
  const found = world.api.transitGatewayAttachments.find((one) => one.TransitGatewayAttachmentId === id);
  if (found === undefined) throw new Error(`InvalidTransitGatewayAttachmentID.NotFound: ${id}`);
  return found;
}

function setState(world: World, id: string, state: string): void {
  const { transitGatewayVpcAttachments, transitGatewayAttachments } = world.api;
  for (const one of [...transitGatewayVpcAttachments, ...transitGatewayAttachments])
    if (one.TransitGatewayAttachmentId === id) one.State = state;
}

/** Routes into what does not work are listed as blackholes until it does. */
function turn(
  world: World,
  wanted: (route: Routes[number], vpcId: string | undefined) => boolean,
  state: string,
): void {
  for (const table of world.api.routeTables)
    for (const route of table.Routes ?? []) if (wanted(route, table.VpcId)) route.State = state;
}
