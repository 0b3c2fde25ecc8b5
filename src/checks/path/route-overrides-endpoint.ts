import type { Route } from '../../model/aws.ts';
import type { State } from '../../model/state.ts';
import type { Destination } from '../../network/destinations.ts';
import { flows, unionFlows } from '../../network/flows.ts';
import { formatRoute, routeDestination, routeTarget } from '../../network/route-tables.ts';
import {
  absent,
  type Draft,
  defineCheck,
  draftElement,
  type Finding,
  found,
  NOT_APPLICABLE,
  unknown,
} from '../check.ts';
import { comment, hcl } from '../terraform.ts';
import { carriedElsewhere, list, nameDestination, predictsSilence } from './blocked-gates.ts';
import { decidingRoutes } from './deciding-rules.ts';
import {
  destinationOption,
  removeRoute,
  removeRouteInTerraform,
  removeRouteOnModel,
  retargetInTerraform,
  stopPropagationInTerraform,
  targetOption,
} from './route-commands.ts';
import { formatTaken, ROUTE_SLICES, routeView, takenBy } from './routed-parts.ts';

type Facts = {
  readonly routeTableId: string;
  readonly routes: readonly Route[];
  readonly localCidrs: readonly string[];
};

/** A live route that is more specific than the endpoint's prefix list or the local route takes traffic elsewhere. */
export const routeOverridesEndpoint = defineCheck({
  code: 'route-overrides-endpoint',
  title: 'A more specific route takes the traffic elsewhere',
  layer: 'path',
  needs: ROUTE_SLICES,
  reachabilityAnalyzerCode: 'MORE_SPECIFIC_ROUTE',
  documentation: {
    meaning:
      'The longest prefix wins, whatever kind the routes are. A live route in the client subnet’s table covers some or all of the endpoint’s addresses with a longer prefix than the endpoint’s own entry (or than the local route), so this traffic goes to another target: a NAT gateway, a transit gateway, an appliance.',
    confirm:
      'aws ec2 describe-route-tables for the client’s subnet; compare the destinations with the prefix list’s CIDRs (aws ec2 describe-prefix-lists) or with the endpoint’s interface addresses.',
    remedy:
      'Delete the route, or make it less specific than the prefix list. If an appliance is meant to inspect this traffic, the appliance has to forward it in both directions.',
    notWhen:
      'A default route to a NAT gateway is less specific than every prefix list entry and overrides nothing. A route through an inspecting appliance is no fault while the target answers: then the report shows it as contradicted.',
    sources: [
      'https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html',
      'https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html',
    ],
  },
  evaluate: ({ state, client, target }) => {
    const view = routeView(state, client, target);
    const asked = unionFlows(...view.gates.map(({ gate }) => gate.asked));
    const ports = [{ from: client.ephemeral.from, to: client.ephemeral.to }];
    // Another VPC's address has no nearer route that could be overridden: what leads it astray is another cause.
    const inThisVpc = (destination: Destination) =>
      destination.kind !== 'interface' ||
      destination.vpcId === undefined ||
      client.vpcId === undefined ||
      destination.vpcId === client.vpcId;
    const findings = takenBy(view, client, 'elsewhere', inThisVpc).map((taken): Finding<Facts> => {
      const winners = taken.routes.map((route) => routeTarget(route).id);
      const plural = taken.routes.length > 1;
      return {
        key: taken.key,
        resources: [taken.routeTableId, ...new Set(winners)],
        extent: taken.extent,
        summary: `${taken.routeTableId}, the route table of ${taken.subnetId}, sends ${formatTaken(taken)} to ${list(winners)} by the ${plural ? 'routes' : 'route'} for ${list(taken.routes.map(routeDestination))}, which ${plural ? 'win' : 'wins'} over ${taken.answers ? 'the local route' : `the route to ${list(taken.destinations.map(nameDestination))}`}.`,
        because: taken.routes.map((route) => ({
          source: 'configuration' as const,
          text: `${taken.routeTableId}: ${formatRoute(route)}`,
          ref: taken.routeTableId,
        })),
        predicts: carriedElsewhere(
          predictsSilence(flows(taken.addresses, ports), asked, target.port),
          taken.destinations.every((destination) => destination.kind === 'gateway') &&
            taken.routes.every((route) => PUBLIC_EXITS.has(routeTarget(route).kind)),
        ),
        facts: {
          routeTableId: taken.routeTableId,
          routes: taken.routes,
          localCidrs: vpcCidrs(state.vpcs, client.vpcId),
        },
      };
    });
    if (findings.length > 0) return found(findings, view.missing);
    if (view.missing.length > 0) return unknown(view.missing);
    if (view.gates.length === 0) return NOT_APPLICABLE;
    return absent(
      `no more specific route takes the endpoint’s addresses${decidingRoutes(view.gates.map(({ gate }) => gate))}`,
    );
  },
  fix: ({ routeTableId, routes, localCidrs }) => {
    const steps = routes.map((route) => repair(routeTableId, route, localCidrs));
    return {
      summary: steps.map((step) => step.summary).join(' '),
      commands: [...new Set(steps.flatMap((step) => step.commands))],
      undo: [...new Set(steps.flatMap((step) => step.undo))],
      terraform: hcl(...new Set(steps.map((step) => step.terraform))),
      owner: 'network owner',
      caution: `Something may depend on ${list(routes.map(formatRoute))}: an appliance that inspects this traffic, or a network of the same range.`,
      edit: (draft) => {
        for (const step of steps) step.edit(draft);
      },
    };
  },
  demonstration: {
    inject: (world) => {
      for (const table of world.api.routeTables) {
        if (table.RouteTableId !== 'rtb-c0000001') continue;
        for (const cidr of ['10.0.2.0/24', '10.0.3.0/24'])
          table.Routes = [
            ...(table.Routes ?? []),
            { DestinationCidrBlock: cidr, NetworkInterfaceId: 'eni-f1000001', Origin: 'CreateRoute', State: 'active' },
          ];
      }
    },
  },
});

/** Targets that carry a service's public addresses to it as well: its traffic then takes a detour, and arrives. */
const PUBLIC_EXITS: ReadonlySet<string> = new Set(['nat-gateway', 'internet-gateway', 'egress-only-internet-gateway']);

type Repair = {
  readonly summary: string;
  readonly commands: readonly string[];
  readonly undo: readonly string[];
  readonly terraform: string;
  readonly edit: (draft: Draft) => void;
};

/** One overriding route: a retargeted local route gets its target back, a propagated one is stopped, a static one deleted. */
function repair(routeTableId: string, route: Route, localCidrs: readonly string[]): Repair {
  const target = routeTarget(route).id;
  const cidr = route.DestinationCidrBlock ?? route.DestinationIpv6CidrBlock ?? '';
  if (localCidrs.includes(cidr)) {
    const where = `--route-table-id ${routeTableId} ${destinationOption(route)}`;
    return {
      summary: `Give the local route for ${cidr} in ${routeTableId} its local target back.`,
      commands: [`aws ec2 replace-route ${where} --local-target`],
      undo: [`aws ec2 replace-route ${where} ${targetOption(route)}`],
      terraform: retargetInTerraform(
        routeTableId,
        cidr,
        { gateway_id: 'local' },
        comment(`Undo: give the route the target ${target} again and apply.`),
      ),
      edit: (draft) => {
        removeRouteOnModel(draft, routeTableId, route);
        const table = draftElement(draft, 'routeTables', 'RouteTableId', routeTableId);
        const local = { GatewayId: 'local', Origin: 'CreateRouteTable', State: 'active' };
        table?.Routes?.push(
          cidr.includes(':') ? { ...local, DestinationIpv6CidrBlock: cidr } : { ...local, DestinationCidrBlock: cidr },
        );
      },
    };
  }
  if (route.Origin === 'EnableVgwRoutePropagation') {
    const propagation = (verb: string) =>
      `aws ec2 ${verb}-vgw-route-propagation --route-table-id ${routeTableId} --gateway-id ${target}`;
    return {
      summary: `Stop propagating routes from ${target} into ${routeTableId}, or announce a less specific route than ${cidr} on the other side.`,
      commands: [propagation('disable')],
      undo: [propagation('enable')],
      terraform: stopPropagationInTerraform(routeTableId, target),
      edit: (draft) => {
        const table = draftElement(draft, 'routeTables', 'RouteTableId', routeTableId);
        if (table === undefined) return;
        table.Routes = (table.Routes ?? []).filter(
          (own) => own.Origin !== 'EnableVgwRoutePropagation' || routeTarget(own).id !== target,
        );
      },
    };
  }
  return {
    summary: `Delete the route for ${routeDestination(route)} from ${routeTableId}.`,
    ...removeRoute(routeTableId, route),
    terraform: removeRouteInTerraform(routeTableId, route),
    edit: (draft) => removeRouteOnModel(draft, routeTableId, route),
  };
}

/** The CIDR blocks whose local route exists in every table of the VPC. */
function vpcCidrs(vpcs: State['vpcs'], vpcId: string | undefined): string[] {
  const vpc = vpcs.known ? vpcs.value.find((one) => one.VpcId === vpcId) : undefined;
  if (vpc === undefined) return [];
  return [
    ...(vpc.CidrBlock === undefined ? [] : [vpc.CidrBlock]),
    ...(vpc.CidrBlockAssociationSet ?? []).flatMap((entry) => entry.CidrBlock ?? []),
    ...(vpc.Ipv6CidrBlockAssociationSet ?? []).flatMap((entry) => entry.Ipv6CidrBlock ?? []),
  ];
}
