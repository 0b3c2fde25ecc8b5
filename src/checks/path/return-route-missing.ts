import { addCentralEndpoint, CENTRAL } from '../../lab/central-world.ts';
import { type Join, joinsBetween } from '../../network/joins.ts';
import { returnRouteGate } from '../../network/route-gates.ts';
import { routeTableOf, routeTarget, selectRoutes } from '../../network/route-tables.ts';
import { absent, type CheckContext, defineCheck, type Finding, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { list, nameDestination, predictsSilence } from './blocked-gates.ts';
import { addRouteFix, type RouteFacts, straysOf, strayWords } from './missing-routes.ts';
import { clientText, farEnds, JOIN_SLICES, overlaps, routedBlock } from './other-vpc.ts';

type Context = CheckContext<(typeof JOIN_SLICES)[number]>;

/** The packets arrive and the answers do not: the endpoint's subnet has no route to the client's VPC. */
export const returnRouteMissing = defineCheck({
  code: 'return-route-missing',
  title: 'The endpoint’s subnet has no route back to the client',
  layer: 'path',
  needs: JOIN_SLICES,
  reachabilityAnalyzerCode: 'RESPONSE_RTB_HAS_NO_ROUTE_TO_TRANSIT_GATEWAY',
  documentation: {
    meaning:
      'The endpoint stands in another VPC, and the route table of its own subnet has no route for the client’s address into the connection between the two. SYNs arrive at the endpoint, and every answer is dropped there: from the client it looks like a filter.',
    confirm:
      'aws ec2 describe-route-tables for the subnets of the endpoint’s interfaces: no destination covers the client’s address with a pcx- or tgw- target.',
    remedy:
      'Add a route for the client’s VPC to the connection in every route table of the endpoint’s subnets. New client VPCs need theirs too, unless one route covers all of them.',
    notWhen:
      'Inside one VPC the local route leads home. A route through an inspecting appliance may lead home as well; that is not visible and not blamed.',
    sources: [
      'https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-routing.html',
      'https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html',
    ],
  },
  evaluate: (context) => {
    const { state, client, target } = context;
    const { destinations, missing: unseen } = farEnds(context);
    const view = straysOf(
      destinations.map((destination) => ({ destination, gate: returnRouteGate(state, client, destination) })),
    );
    const missing = [...unseen, ...view.missing];
    if (view.strays.length === 0) {
      if (missing.length > 0) return unknown(missing);
      return destinations.length === 0 ? NOT_APPLICABLE : absent('the endpoint’s subnets have a route to the client');
    }
    const far = destinations[0]?.vpcId ?? '';
    const { joins, missing: unlisted } = joinsBetween(state, client.vpcId ?? '', far);
    const join = wayThere(context) ?? joins[0];
    // Between VPCs that nothing joins no route is missing yet.
    if (join === undefined) return unlisted.length > 0 ? unknown([...unlisted, ...missing]) : NOT_APPLICABLE;
    const findings = view.strays.map((stray): Finding<RouteFacts> => {
      const first = stray.destinations[0];
      const own = first === undefined ? '' : clientText(client, first);
      const cidr = routedBlock(state.vpcs, client.vpcId, own);
      return {
        key: stray.routeTableId,
        resources: [stray.routeTableId, join.id],
        extent: stray.extent,
        summary: `${stray.routeTableId}, the route table of ${stray.subnetId}, ${strayWords(stray, `this host’s ${own} in ${client.vpcId}`)}. What ${list(stray.destinations.map(nameDestination))} ${stray.destinations.length === 1 ? 'answers' : 'answer'} is lost.`,
        because: [
          {
            source: 'configuration',
            text: `${stray.routeTableId}: no route for ${cidr} leads back by ${join.id}`,
            ref: stray.routeTableId,
          },
        ],
        predicts: predictsSilence(stray.block, view.asked, target.port),
        facts: {
          routeTableId: stray.routeTableId,
          cidr,
          join,
          ...(overlaps(state.vpcs, far, own)
            ? { impossible: 'the address ranges of the two VPCs overlap, and no connection can tell them apart' }
            : {}),
        },
      };
    });
    return found(findings, missing);
  },
  fix: (facts, { state }: Context) => addRouteFix(state, facts, 'the endpoint subnet’s table', 'network owner'),
  demonstration: {
    inject: (world) => {
      addCentralEndpoint(world, 'transit-gateway');
      for (const table of world.api.routeTables)
        if (table.RouteTableId === CENTRAL.routeTable)
          table.Routes = table.Routes?.filter((route) => route.TransitGatewayId === undefined);
    },
    targets: [CENTRAL.endpointHost],
  },
});

/** The connection that the packets take: the answers go home by the same one. */
function wayThere(context: Context): Join | undefined {
  const { state, client } = context;
  const destination = farEnds(context).destinations[0];
  const table = client.subnetId === undefined ? undefined : routeTableOf(state, client.subnetId, client.vpcId);
  if (destination === undefined || table === undefined) return undefined;
  const route = selectRoutes(state, table, destination.addresses)[0]?.route;
  const target = route === undefined ? undefined : routeTarget(route);
  return target?.kind === 'transit-gateway' || target?.kind === 'vpc-peering-connection'
    ? { kind: target.kind, id: target.id }
    : undefined;
}
