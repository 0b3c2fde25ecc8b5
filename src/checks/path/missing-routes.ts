/** What route-missing and return-route-missing share: a subnet without a route to the other VPC, and the route that it lacks. */
import type { Route } from '../../model/aws.ts';
import type { Missing, State } from '../../model/state.ts';
import type { InterfaceDestination } from '../../network/destinations.ts';
import { type FlowSet, isEmpty, subtractFlows, unionFlows } from '../../network/flows.ts';
import type { Gate } from '../../network/gates.ts';
import type { Join } from '../../network/joins.ts';
import { formatRoute, routeDestination, routeTarget } from '../../network/route-tables.ts';
import { draftElement, type Fix } from '../check.ts';
import { comment, hcl, resource, UNDO_BY_REMOVAL } from '../terraform.ts';
import { destinationOption, retargetInTerraform, targetOption } from './route-commands.ts';

/** A route table that does not lead to the other VPC, with all interfaces that are lost by it. */
export type Stray = {
  readonly routeTableId: string;
  readonly subnetId: string;
  readonly destinations: readonly InterfaceDestination[];
  /** the route that takes the packets somewhere else; none where there is no route at all */
  readonly route: Route | undefined;
  readonly block: FlowSet;
  readonly extent: 'all' | 'some';
};

export type StrayView = {
  readonly strays: readonly Stray[];
  readonly asked: FlowSet;
  readonly missing: readonly Missing[];
};

/** Groups the gates that have no way on by their route table. A blackhole is another cause. */
export function straysOf(
  gates: readonly { readonly destination: InterfaceDestination; readonly gate: Gate }[],
): StrayView {
  const asked = unionFlows(...gates.map(({ gate }) => gate.asked));
  const lost = gates.flatMap(({ destination, gate }) => {
    const part = gate.routes?.parts.find((one) => one.effect === 'no-route' || one.effect === 'elsewhere');
    return gate.routes === undefined || part === undefined || isEmpty(gate.block)
      ? []
      : [{ destination, block: gate.block, route: part.route, ...gate.routes }];
  });
  const extent = isEmpty(subtractFlows(asked, unionFlows(...lost.map((one) => one.block)))) ? 'all' : 'some';
  const tables = [...new Set(lost.map((one) => one.routeTableId))];
  const strays = tables.flatMap((routeTableId): Stray[] => {
    const own = lost.filter((one) => one.routeTableId === routeTableId);
    const first = own[0];
    if (first === undefined) return [];
    return [
      {
        routeTableId,
        subnetId: first.subnetId,
        destinations: own.map((one) => one.destination),
        route: first.route,
        block: unionFlows(...own.map((one) => one.block)),
        extent,
      },
    ];
  });
  return { strays, asked, missing: gates.flatMap(({ gate }) => (isEmpty(gate.unknown) ? [] : gate.missing)) };
}

/** How the table fails, as the end of a sentence: it has no route, or the one that wins leads to another place. */
export function strayWords(stray: Stray, what: string): string {
  if (stray.route === undefined) return `has no route to ${what}`;
  const target = routeTarget(stray.route);
  const taker = target.kind === 'local' ? 'this VPC itself' : target.id;
  return `has no route of its own to ${what}: ${formatRoute(stray.route)} takes it, and ${taker} does not lead there`;
}

export type RouteFacts = {
  readonly routeTableId: string;
  readonly cidr: string;
  readonly join: Join | undefined;
  /** why no route can be written; then there is no command for one */
  readonly impossible?: string | undefined;
  /** why the model cannot show what the route would do */
  readonly unseen?: string | undefined;
};

/** The route that is lacking, written into the table; a route for the very block is replaced, since a table holds one only. */
export function addRouteFix(
  state: Pick<State, 'routeTables'>,
  { routeTableId, cidr, join, impossible, unseen }: RouteFacts,
  where: string,
  owner: Fix['owner'],
): Fix {
  if (join === undefined || impossible !== undefined)
    return {
      summary: `Join the two VPCs by a peering connection or a transit gateway, and route ${cidr} to it in ${routeTableId}, ${where}.`,
      commands: [],
      undo: [],
      terraform: comment(
        `An aws_vpc_peering_connection, or aws_ec2_transit_gateway_vpc_attachments of both VPCs, and an aws_route for ${cidr} in ${routeTableId} that leads into it.`,
      ),
      owner,
      unprovable: impossible ?? 'nothing joins the two VPCs yet that a route could lead into',
    };
  const route = newRoute(cidr, join);
  const table = state.routeTables.known
    ? state.routeTables.value.find((one) => one.RouteTableId === routeTableId)
    : undefined;
  const twin = table?.Routes?.find((one) => routeDestination(one) === cidr);
  const options = (one: Route) => `--route-table-id ${routeTableId} ${destinationOption(one)}`;
  return {
    summary: `${twin === undefined ? 'Add' : 'Replace'} the route for ${cidr} ${twin === undefined ? 'to' : 'in'} ${routeTableId}, ${where}, by way of ${join.id}.`,
    commands: [`aws ec2 ${twin === undefined ? 'create' : 'replace'}-route ${options(route)} ${targetOption(route)}`],
    undo:
      twin === undefined
        ? [`aws ec2 delete-route ${options(route)}`]
        : [`aws ec2 replace-route ${options(twin)} ${targetOption(twin)}`],
    terraform:
      twin === undefined
        ? hcl(
            resource('aws_route', `${routeTableId}_${cidr}`, {
              route_table_id: routeTableId,
              ...(cidr.includes(':') ? { destination_ipv6_cidr_block: cidr } : { destination_cidr_block: cidr }),
              ...targetInTerraform(join),
            }),
            UNDO_BY_REMOVAL,
          )
        : retargetInTerraform(
            routeTableId,
            cidr,
            targetInTerraform(join),
            comment('Undo: give the route its former target.'),
          ),
    owner,
    ...(unseen === undefined ? {} : { unprovable: unseen }),
    edit: (draft) => {
      const own = draftElement(draft, 'routeTables', 'RouteTableId', routeTableId);
      if (own === undefined) return;
      own.Routes = [...(own.Routes ?? []).filter((one) => routeDestination(one) !== cidr), route];
    },
  };
}

function targetInTerraform({ kind, id }: Join): Readonly<Record<string, string>> {
  return kind === 'transit-gateway' ? { transit_gateway_id: id } : { vpc_peering_connection_id: id };
}

function newRoute(cidr: string, join: Join): Route {
  return {
    ...(cidr.includes(':') ? { DestinationIpv6CidrBlock: cidr } : { DestinationCidrBlock: cidr }),
    ...(join.kind === 'transit-gateway' ? { TransitGatewayId: join.id } : { VpcPeeringConnectionId: join.id }),
    Origin: 'CreateRoute',
    State: 'active',
  };
}
