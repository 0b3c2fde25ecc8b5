import { flows, unionFlows } from '../../network/flows.ts';
import { absent, defineCheck, draftElement, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { predictsSilence } from './blocked-gates.ts';
import { ROUTE_SLICES, routeView } from './routed-parts.ts';

type Facts = { readonly routeTableId: string; readonly endpointId: string; readonly prefixListIds: readonly string[] };

/** A gateway endpoint works only for subnets whose route table is associated with it. */
export const gatewayRouteMissing = defineCheck({
  code: 'gateway-route-missing',
  title: 'The subnet’s route table has no route to the gateway endpoint',
  layer: 'path',
  needs: ROUTE_SLICES,
  reachabilityAnalyzerCode: 'NO_ROUTE_TO_DESTINATION',
  documentation: {
    meaning:
      'A gateway endpoint (S3, DynamoDB) is nothing but a route from the service’s prefix list to the endpoint, in each route table that is associated with it. The client’s subnet uses a route table that is not. Often it is the main table, or one of several per zone that was forgotten.',
    confirm:
      'aws ec2 describe-route-tables --filters Name=association.subnet-id,Values=<client subnet> (an empty answer means the main table) and look for a route to vpce-….',
    remedy: 'Associate the route table with the endpoint. AWS adds the route; it cannot be added by hand.',
    notWhen:
      'A gateway endpoint has no subnets, no security groups and no private addresses: their absence is normal, and so is a public answer from DNS.',
    sources: ['https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html'],
  },
  evaluate: ({ state, client, target }) => {
    const view = routeView(state, client, target);
    const gateways = view.gates.flatMap(({ destination, gate }) =>
      destination.kind === 'gateway' ? [{ destination, gate }] : [],
    );
    const lost = gateways.filter(({ gate }) => gate.routes?.endpointRouteMissing === true);
    const first = lost[0];
    if (first?.gate.routes !== undefined) {
      const { routeTableId, subnetId } = first.gate.routes;
      const endpointId = first.destination.endpointIds[0] ?? '';
      const asked = unionFlows(...gateways.map(({ gate }) => gate.asked));
      const block = unionFlows(
        ...lost.map(({ destination }) =>
          flows(destination.addresses, [{ from: client.ephemeral.from, to: client.ephemeral.to }]),
        ),
      );
      const others =
        first.destination.endpointIds.length > 1
          ? ` (nor to ${first.destination.endpointIds.slice(1).join(', ')})`
          : '';
      return found<Facts>([
        {
          key: `${routeTableId} ${endpointId}`,
          resources: [routeTableId, endpointId],
          extent: lost.length === gateways.length ? 'all' : 'some',
          summary: `${routeTableId}, which ${subnetId} uses, has no route to ${endpointId}${others}. Traffic to ${first.destination.prefixListIds.join(', ') || 'the service'} follows the other routes of the table instead.`,
          because: [
            {
              source: 'configuration',
              text: `${routeTableId} has no route with target ${endpointId}`,
              ref: routeTableId,
            },
          ],
          predicts: predictsSilence(block, asked, target.port),
          facts: { routeTableId, endpointId, prefixListIds: first.destination.prefixListIds },
        },
      ]);
    }
    const unreadable = view.missing.filter(
      (gap) => gap.slice === 'vpcEndpoints' || gap.slice === 'routeTables' || gap.slice === 'networkInterfaces',
    );
    if (gateways.length === 0)
      return unreadable.some((gap) => gap.slice === 'vpcEndpoints') ? unknown(unreadable) : NOT_APPLICABLE;
    if (gateways.some(({ gate }) => gate.routes === undefined))
      return unknown(gateways.flatMap(({ gate }) => gate.missing));
    return absent('the subnet’s route table has the gateway endpoint’s route');
  },
  fix: ({ routeTableId, endpointId, prefixListIds }) => ({
    summary: `Associate ${routeTableId} with ${endpointId}.`,
    commands: [`aws ec2 modify-vpc-endpoint --vpc-endpoint-id ${endpointId} --add-route-table-ids ${routeTableId}`],
    undo: [`aws ec2 modify-vpc-endpoint --vpc-endpoint-id ${endpointId} --remove-route-table-ids ${routeTableId}`],
    owner: 'network owner',
    caution: 'Open connections to the service from this route table’s subnets are dropped when the route is added.',
    edit: (draft) => {
      const table = draftElement(draft, 'routeTables', 'RouteTableId', routeTableId);
      if (table === undefined) return;
      for (const DestinationPrefixListId of prefixListIds) {
        table.Routes = [
          ...(table.Routes ?? []),
          { DestinationPrefixListId, GatewayId: endpointId, Origin: 'CreateRoute', State: 'active' },
        ];
      }
      const endpoint = draftElement(draft, 'vpcEndpoints', 'VpcEndpointId', endpointId);
      if (endpoint !== undefined) endpoint.RouteTableIds = [...(endpoint.RouteTableIds ?? []), routeTableId];
    },
  }),
  demonstration: {
    targets: ['s3'],
    inject: (world) => {
      for (const table of world.api.routeTables) {
        if (table.RouteTableId === 'rtb-c0000001')
          table.Routes = (table.Routes ?? []).filter((route) => route.DestinationPrefixListId === undefined);
      }
      for (const endpoint of world.api.vpcEndpoints)
        if (endpoint.VpcEndpointType === 'Gateway') endpoint.RouteTableIds = [];
    },
  },
});
