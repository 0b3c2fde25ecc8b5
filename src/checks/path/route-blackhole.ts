import type { Route } from '../../model/aws.ts';
import { capital } from '../../model/text.ts';
import { flows, unionFlows } from '../../network/flows.ts';
import { formatRoute, routeDestination, routeTarget } from '../../network/route-tables.ts';
import { absent, defineCheck, draftElement, type Finding, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { comment, hcl } from '../terraform.ts';
import { list, nameDestination, predictsSilence } from './blocked-gates.ts';
import { decidingRoutes } from './deciding-rules.ts';
import { removeRoute, removeRouteInTerraform, removeRouteOnModel } from './route-commands.ts';
import { formatTaken, ROUTE_SLICES, routeView, takenBy } from './routed-parts.ts';

type Facts = {
  readonly routeTableId: string;
  readonly routes: readonly Route[];
  readonly endpointIds: readonly string[];
};

/** A blackhole is selected like any route and drops what it takes; being more specific, it beats the endpoint's own. */
export const routeBlackhole = defineCheck({
  code: 'route-blackhole',
  title: 'The route that wins is a blackhole',
  layer: 'path',
  needs: ROUTE_SLICES,
  reachabilityAnalyzerCode: 'BAD_STATE_ROUTE',
  documentation: {
    meaning:
      'The route that wins the longest-prefix match for the endpoint’s addresses is in state blackhole: its target (a NAT gateway, network interface, peering …) is gone. Route selection does not skip it, so everything it takes is dropped. It may take only part of a service’s address range, and then some requests work.',
    confirm:
      'aws ec2 describe-route-tables, and look for "State": "blackhole" on a destination that covers the endpoint’s addresses.',
    remedy:
      'Delete the dead route, so that the next one (the endpoint’s or the local one) wins; or point it at a live target.',
    notWhen:
      'A blackhole default route is harmless to a gateway endpoint: the prefix list’s entries are more specific.',
    sources: [
      'https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html',
      'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Route.html',
    ],
  },
  evaluate: ({ state, client, target }) => {
    const view = routeView(state, client, target);
    const asked = unionFlows(...view.gates.map(({ gate }) => gate.asked));
    const ports = [{ from: client.ephemeral.from, to: client.ephemeral.to }];
    const findings = takenBy(view, client, 'blackhole').map((taken): Finding<Facts> => {
      const endpointIds = taken.destinations.flatMap((one) => (one.kind === 'gateway' ? one.endpointIds : []));
      const dead = [...new Set(taken.routes.map((route) => routeTarget(route).id))];
      const own = dead.every((id) => endpointIds.includes(id));
      const plural = taken.routes.length > 1;
      return {
        key: taken.key,
        resources: [taken.routeTableId, ...dead],
        extent: taken.extent,
        summary: `${taken.routeTableId}, the route table of ${taken.subnetId}, sends ${formatTaken(taken)} to ${list(dead)}, which is gone: the ${plural ? 'routes' : 'route'} for ${list(taken.routes.map(routeDestination))} ${plural ? 'are blackholes' : 'is a blackhole'}${own || taken.answers ? '' : `, more specific than the route to ${list(taken.destinations.map(nameDestination))}`}.`,
        because: taken.routes.map((route) => ({
          source: 'configuration' as const,
          text: `${taken.routeTableId}: ${formatRoute(route)}`,
          ref: taken.routeTableId,
        })),
        predicts: predictsSilence(flows(taken.addresses, ports), asked, target.port),
        facts: { routeTableId: taken.routeTableId, routes: taken.routes, endpointIds },
      };
    });
    if (findings.length > 0) return found(findings, view.missing);
    if (view.missing.length > 0) return unknown(view.missing);
    if (view.gates.length === 0) return NOT_APPLICABLE;
    return absent(
      `no blackhole route takes the endpoint’s addresses${decidingRoutes(view.gates.map(({ gate }) => gate))}`,
    );
  },
  fix: ({ routeTableId, routes, endpointIds }) => {
    // The endpoint's own route cannot be deleted by hand; it is made anew by associating the table again.
    const own = routes.filter((route) => endpointIds.includes(routeTarget(route).id));
    const others = routes.filter((route) => !own.includes(route));
    const again = [...new Set(own.map((route) => routeTarget(route).id))];
    const change = (verb: string, id: string) =>
      `aws ec2 modify-vpc-endpoint --vpc-endpoint-id ${id} --${verb}-route-table-ids ${routeTableId}`;
    const removals = others.map((route) => removeRoute(routeTableId, route));
    const steps = [
      ...(others.length > 0
        ? [`delete the dead route for ${list(others.map(routeDestination))} from ${routeTableId}`]
        : []),
      ...(again.length > 0
        ? [`associate ${list(again)} with ${routeTableId} again, so that its route is made anew`]
        : []),
    ].join('; ');
    return {
      summary: `${capital(steps)}.`,
      commands: [
        ...removals.flatMap((one) => one.commands),
        ...again.flatMap((id) => [change('remove', id), change('add', id)]),
      ],
      undo: removals.flatMap((one) => one.undo),
      terraform: hcl(
        ...others.map((route) => removeRouteInTerraform(routeTableId, route)),
        ...again.map((id) =>
          comment(
            `terraform apply -replace on the aws_vpc_endpoint_route_table_association of ${id} and ${routeTableId}; where the aws_vpc_endpoint has route_table_ids, apply once without ${routeTableId} and once with it.`,
          ),
        ),
      ),
      owner: 'network owner',
      caution:
        others.length > 0
          ? `Whatever else relied on ${list(others.map(routeDestination))} is already dead; after this it follows the next matching route. There is no way back: the route’s target is gone.`
          : `There is nothing to take back: the association is the same afterwards.`,
      edit: (draft) => {
        for (const route of others) removeRouteOnModel(draft, routeTableId, route);
        const table = draftElement(draft, 'routeTables', 'RouteTableId', routeTableId);
        for (const route of table?.Routes ?? []) if (again.includes(routeTarget(route).id)) route.State = 'active';
      },
    };
  },
  demonstration: {
    inject: (world) => {
      for (const table of world.api.routeTables) {
        if (table.RouteTableId === 'rtb-c0000001')
          table.Routes = [
            ...(table.Routes ?? []),
            {
              DestinationCidrBlock: '10.0.2.0/24',
              NetworkInterfaceId: 'eni-dead0001',
              Origin: 'CreateRoute',
              State: 'blackhole',
            },
            {
              DestinationCidrBlock: '10.0.3.0/24',
              NetworkInterfaceId: 'eni-dead0001',
              Origin: 'CreateRoute',
              State: 'blackhole',
            },
          ];
      }
    },
  },
});
