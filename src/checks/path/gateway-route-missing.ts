import type { State } from '../../model/state.ts';
import { flows, unionFlows } from '../../network/flows.ts';
import { byId } from '../../network/index-by-id.ts';
import { hasDefaultRoute } from '../../network/internet.ts';
import { absent, defineCheck, draftElement, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { hasGatewayType } from '../endpoint/create-endpoint.ts';
import { predictsNoConnection } from '../endpoint/endpoint-missing.ts';
import { connectionsTo, leadsToPublic } from '../evidence.ts';
import { comment, hcl, resource, UNDO_BY_REMOVAL } from '../terraform.ts';
import { carriedElsewhere, predictsSilence } from './blocked-gates.ts';
import { decidingRoutes } from './deciding-rules.ts';
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
    // Only S3 and DynamoDB have gateway endpoints: for other services nothing needs to be read to know it.
    if (!state.vpcEndpoints.known && target.serviceId !== undefined && !hasGatewayType(target.serviceId))
      return NOT_APPLICABLE;
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
          summary: `${routeTableId}, ${isMainFor(state, routeTableId, subnetId) ? `the VPC’s main table, which ${subnetId} uses for want of one of its own,` : `which ${subnetId} uses,`} has no route to ${endpointId}${others}. Traffic to ${first.destination.prefixListIds.join(', ') || 'the service'} follows the other routes of the table instead.`,
          because: [
            {
              source: 'configuration',
              text: `${routeTableId} has no route with target ${endpointId}`,
              ref: routeTableId,
            },
          ],
          predicts: carriedElsewhere(predictsSilence(block, asked, target.port), hasDefaultRoute(state, client)),
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
    return absent(
      `the subnet’s route table has the gateway endpoint’s route${decidingRoutes(gateways.map(({ gate }) => gate))}`,
    );
  },
  suspect: ({ vantage, target, evidence }) => {
    const { silent, open } = connectionsTo(evidence);
    if (
      !hasGatewayType(target.serviceId) ||
      silent.length === 0 ||
      open.length > 0 ||
      !leadsToPublic(evidence, vantage)
    )
      return undefined;
    return {
      key: `suspected ${target.host}`,
      resources: [vantage.subnetId ?? target.host ?? ''],
      extent: 'all',
      summary: `${target.host} resolves to public addresses, as it does behind a gateway endpoint, and nothing answers there: most likely the route table of ${vantage.subnetId ?? 'the client’s subnet'} has no route to a gateway endpoint for ${target.serviceNames[0]}.`,
      because: [
        {
          source: 'probe',
          text: `${target.host} leads to ${evidence.addresses.join(', ')}`,
          ref: evidence.system?.observations[0]?.id,
        },
      ],
      predicts: predictsNoConnection(evidence.addresses, target.port),
      facts: { routeTableId: '', endpointId: '', prefixListIds: [] },
    };
  },
  fix: ({ routeTableId, endpointId, prefixListIds }) =>
    routeTableId === ''
      ? {
          summary:
            'Look whether the subnet’s route table is associated with a gateway endpoint for the service; if not, create or associate it.',
          commands: [
            "aws ec2 describe-vpc-endpoints --filters Name=vpc-endpoint-type,Values=Gateway --query 'VpcEndpoints[].[VpcEndpointId,ServiceName,VpcId,RouteTableIds]'",
          ],
          undo: [],
          owner: 'network owner',
          unprovable: 'the configuration could not be read, so that there is no model to prove it on',
          terraform: comment(
            'Which endpoint and which route table these are could not be read; then: aws_vpc_endpoint_route_table_association.',
          ),
        }
      : {
          summary: `Associate ${routeTableId} with ${endpointId}.`,
          commands: [
            `aws ec2 modify-vpc-endpoint --vpc-endpoint-id ${endpointId} --add-route-table-ids ${routeTableId}`,
          ],
          undo: [
            `aws ec2 modify-vpc-endpoint --vpc-endpoint-id ${endpointId} --remove-route-table-ids ${routeTableId}`,
          ],
          owner: 'network owner',
          terraform: hcl(
            resource('aws_vpc_endpoint_route_table_association', `${endpointId}_${routeTableId}`, {
              vpc_endpoint_id: endpointId,
              route_table_id: routeTableId,
            }),
            comment(
              `Not beside a route_table_ids argument of the endpoint’s own resource: there, add "${routeTableId}" to it.`,
            ),
            UNDO_BY_REMOVAL,
          ),
          caution:
            'Open connections to the service from this route table’s subnets are dropped when the route is added.',
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
        },
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

/** Whether a subnet has this table only because it is associated with none. */
function isMainFor(state: Pick<State, 'routeTables'>, routeTableId: string, subnetId: string): boolean {
  const table = byId(state.routeTables, 'RouteTableId', routeTableId);
  const own = table?.Associations ?? [];
  return own.some(({ Main }) => Main === true) && !own.some(({ SubnetId }) => SubnetId === subnetId);
}
