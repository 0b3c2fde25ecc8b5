/** Taking a route out of a table: the command, its undo, and the same on the model. */
import type { Route } from '../../model/aws.ts';
import { isBlackhole, routeDestination, routeTarget } from '../../network/route-tables.ts';
import { type Draft, draftElement } from '../check.ts';
import { comment, hcl, imported, resource } from '../terraform.ts';

/** `--destination-cidr-block 10.0.3.0/24` or its IPv6 and prefix list forms. */
export function destinationOption(route: Route): string {
  if (route.DestinationPrefixListId !== undefined)
    return `--destination-prefix-list-id ${route.DestinationPrefixListId}`;
  if (route.DestinationIpv6CidrBlock !== undefined)
    return `--destination-ipv6-cidr-block ${route.DestinationIpv6CidrBlock}`;
  return `--destination-cidr-block ${route.DestinationCidrBlock ?? '?'}`;
}

/** The option that names a route's target, as create-route takes it. */
export function targetOption(route: Route): string {
  const target = routeTarget(route);
  const option = {
    local: '--local-target',
    'internet-gateway': '--gateway-id',
    'egress-only-internet-gateway': '--egress-only-internet-gateway-id',
    'nat-gateway': '--nat-gateway-id',
    'vpc-endpoint': '--vpc-endpoint-id',
    'transit-gateway': '--transit-gateway-id',
    'vpc-peering-connection': '--vpc-peering-connection-id',
    'virtual-private-gateway': '--gateway-id',
    'network-interface': '--network-interface-id',
    other: '--gateway-id',
  }[target.kind];
  return target.kind === 'local' ? option : `${option} ${target.id}`;
}

/** Commands that remove a static route, and the ones that put it back. A blackhole's target is gone: it has no undo. */
export function removeRoute(tableId: string, route: Route): { commands: string[]; undo: string[] } {
  const undo =
    route.State?.toLowerCase() === 'blackhole'
      ? []
      : [`aws ec2 create-route --route-table-id ${tableId} ${destinationOption(route)} ${targetOption(route)}`];
  return { commands: [`aws ec2 delete-route --route-table-id ${tableId} ${destinationOption(route)}`], undo };
}

/** Removes the route from the model's table. */
export function removeRouteOnModel(draft: Draft, tableId: string, route: Route): void {
  const table = draftElement(draft, 'routeTables', 'RouteTableId', tableId);
  if (table === undefined) return;
  table.Routes = (table.Routes ?? []).filter(
    (other) => routeDestination(other) !== routeDestination(route) || routeTarget(other).id !== routeTarget(route).id,
  );
}

/**
 * What Terraform does about a route that is to go: nothing is declared for it any more. A snippet cannot say "delete", so
 * the words say what to remove, and how to take over a route that Terraform does not know yet.
 * (hashicorp/aws, resource aws_route, "Import")
 */
export function removeRouteInTerraform(tableId: string, route: Route): string {
  const name = `aws_route.${tableId.replace(/[^A-Za-z0-9_-]/g, '_')}`;
  const destination = routeDestination(route);
  return comment(
    `Terraform deletes a route by no longer declaring it: remove the aws_route (or the route of an aws_route_table) for ${destination} in ${tableId} and apply. One that Terraform does not manage yet: terraform import ${name} ${tableId}_${destination}, then terraform destroy -target=${name}.${isBlackhole(route) ? '' : ' Undo: declare it again and apply.'}`,
  );
}

/** The propagation from a virtual private gateway into a table, likewise. */
export function stopPropagationInTerraform(tableId: string, gatewayId: string): string {
  return comment(
    `Remove the aws_vpn_gateway_route_propagation of ${gatewayId} into ${tableId}, or ${gatewayId} from the propagating_vgws of its aws_route_table, and apply. Undo: declare it again and apply.`,
  );
}

/** A route that exists and gets another target. */
export function retargetInTerraform(
  tableId: string,
  cidr: string,
  target: Readonly<Record<string, string>>,
  undo: string,
): string {
  const name = `${tableId}_${cidr}`;
  return hcl(
    imported('aws_route', name, `${tableId}_${cidr}`),
    resource('aws_route', name, {
      route_table_id: tableId,
      ...(cidr.includes(':') ? { destination_ipv6_cidr_block: cidr } : { destination_cidr_block: cidr }),
      ...target,
    }),
    undo,
  );
}
