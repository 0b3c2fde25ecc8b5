import { addCentralEndpoint, CENTRAL } from '../../lab/central-world.ts';
import { LAB } from '../../lab/world.ts';
import { joinsBetween, joinsTowards } from '../../network/joins.ts';
import { routeGate } from '../../network/route-gates.ts';
import { absent, type CheckContext, defineCheck, type Finding, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { list, nameDestination, predictsSilence } from './blocked-gates.ts';
import { addRouteFix, type RouteFacts, straysOf, strayWords } from './missing-routes.ts';
import { farEnds, isUnseen, JOIN_SLICES, overlaps, routedBlock } from './other-vpc.ts';

/** The client subnet's table leads to nowhere, or to an exit, for the addresses of an endpoint in another VPC. */
export const routeMissing = defineCheck({
  code: 'route-missing',
  title: 'The client’s subnet has no route to the endpoint’s VPC',
  layer: 'path',
  needs: JOIN_SLICES,
  reachabilityAnalyzerCode: 'NO_ROUTE_TO_DESTINATION',
  documentation: {
    meaning:
      'The endpoint stands in another VPC that a peering connection or a transit gateway joins with the client’s, but the route table of the client’s subnet has no route for its addresses into that connection. Packets are dropped at once, or follow a default route to an exit that does not lead there.',
    confirm:
      'aws ec2 describe-route-tables for the client’s subnet: no destination covers the endpoint’s address with a pcx- or tgw- target.',
    remedy:
      'Add a route for the endpoint’s VPC to the connection, in every route table of the client’s side; the endpoint’s side needs one back.',
    notWhen:
      'Inside one VPC the local route leads to every endpoint. A route to an appliance, a VPN or a firewall may lead on; that is not visible and not blamed.',
    sources: [
      'https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-routing.html',
      'https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html',
    ],
  },
  evaluate: (context) => {
    const { state, client, target } = context;
    const { destinations, missing: unseen } = farEnds(context);
    const view = straysOf(
      destinations.map((destination) => ({ destination, gate: routeGate(state, client, destination) })),
    );
    const missing = [...unseen, ...view.missing];
    if (view.strays.length === 0) {
      if (missing.length > 0) return unknown(missing);
      return destinations.length === 0
        ? NOT_APPLICABLE
        : absent('the client’s subnet has a route to the endpoint’s VPC');
    }
    const far = destinations[0]?.vpcId ?? '';
    const blind = destinations.every(isUnseen);
    const between = joinsBetween(state, client.vpcId ?? '', far);
    const unlisted = between.missing;
    const joins = blind ? joinsTowards(state, client.vpcId ?? '', destinations[0]?.address ?? '') : between.joins;
    if (joins.length === 0) {
      if (unlisted.length > 0) return unknown([...unlisted, ...missing]);
      // Two VPCs that nothing joins are a cause of their own (endpoint-in-other-vpc), wherever it can be asked.
      if (target.address === undefined && !blind) return NOT_APPLICABLE;
    }
    const findings = view.strays.map((stray): Finding<RouteFacts> => {
      const address = stray.destinations[0]?.address ?? '';
      const cidr = routedBlock(state.vpcs, far, address);
      const joined = joins.map((join) => join.id);
      return {
        key: stray.routeTableId,
        resources: [stray.routeTableId, ...joined],
        extent: stray.extent,
        summary: `${stray.routeTableId}, the route table of ${stray.subnetId}, ${strayWords(stray, `${list(stray.destinations.map(nameDestination))} in ${far}`)}. ${joinWords(joined, blind)}`,
        because: [
          {
            source: 'configuration',
            text: `${stray.routeTableId}: no route for ${cidr} leads to ${far}`,
            ref: stray.routeTableId,
          },
        ],
        predicts: predictsSilence(stray.block, view.asked, target.port),
        facts: {
          routeTableId: stray.routeTableId,
          cidr,
          join: joins[0],
          ...(blind
            ? { unseen: 'the other VPC belongs to another account, whose half of the way cannot be seen' }
            : {}),
          ...(overlaps(state.vpcs, client.vpcId, address)
            ? { impossible: 'the address ranges of the two VPCs overlap, and no connection can tell them apart' }
            : {}),
        },
      };
    });
    return found(findings, missing);
  },
  fix: (facts, { state }: CheckContext<(typeof JOIN_SLICES)[number]>) =>
    addRouteFix(state, facts, 'the client subnet’s table', 'network owner'),
  demonstration: {
    inject: (world) => {
      addCentralEndpoint(world, 'transit-gateway');
      for (const table of world.api.routeTables)
        if (table.RouteTableId === LAB.clientRouteTable)
          table.Routes = table.Routes?.filter((route) => route.DestinationCidrBlock !== CENTRAL.cidr);
    },
    targets: [CENTRAL.endpointHost],
  },
});

function joinWords(joined: readonly string[], blind: boolean): string {
  if (blind)
    return joined.length === 0
      ? 'Nothing that this VPC is joined with holds that address.'
      : `${list(joined)} may lead there: this VPC is joined with it.`;
  if (joined.length === 0) return 'Nothing joins the two VPCs.';
  return `${list(joined)} ${joined.length === 1 ? 'joins' : 'join'} the two VPCs.`;
}
