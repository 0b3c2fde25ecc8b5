/**
 * The transit gateway as a namespace with one wire per VPC: what comes in over an attachment asks the route table that the
 * attachment is associated with, and goes out over the attachment that the longest match names. Sources: D:vpc/latest/tgw
 * (how-transit-gateways-work, tgw-route-tables), facts.md 1.6, 4.3. One gateway per VPC, which is what worlds here have.
 */
import type { World } from '../../src/lab/world.ts';
import type { SliceElement } from '../../src/model/state.ts';
import { familyOf } from './addresses.ts';
import type { BedVpc, Layout, Subnet } from './layout.ts';
import { NEAR, over } from './routes.ts';

type Attachment = SliceElement<'transitGatewayVpcAttachments'>;

/** The VPC's attachment, if it is alive. */
export function attachmentOf(world: World, vpc: BedVpc, gateway?: string): Attachment | undefined {
  return world.api.transitGatewayVpcAttachments.find(
    (attachment) =>
      attachment.VpcId === vpc.id &&
      (gateway === undefined || attachment.TransitGatewayId === gateway) &&
      attachment.State?.toLowerCase() === 'available',
  );
}

/** Where packets from the gateway come into a VPC: the attachment's interface in the client's zone, else its first one. */
export function arrivalSubnet(world: World, layout: Layout, vpc: BedVpc): Subnet | undefined {
  const ids = attachmentOf(world, vpc)?.SubnetIds ?? [];
  const subnets = vpc.subnets.filter((subnet) => ids.includes(subnet.id));
  return subnets.find((subnet) => subnet.zone === layout.client.subnet.zone) ?? subnets[0];
}

/** Lines for `ip -batch` in the gateway's namespace, addresses of its wires apart. */
export function transitLines(world: World, layout: Layout): string[] {
  return layout.vpcs.flatMap((vpc) => {
    const table = 500 + vpc.index;
    const attachment = attachmentOf(world, vpc);
    const routes = attachment === undefined ? [] : routesFor(world, layout, attachment);
    return ['-4', '-6'].flatMap((family) => [
      `${family} rule add iif vpc${vpc.index} lookup ${table} priority 100`,
      ...routes
        .filter(({ destination }) => family === `-${familyOf(destination)}`)
        .map(
          ({ destination, to, metric }) =>
            `${family} route add ${to === undefined ? `blackhole ${destination}` : `${destination}${over(`vpc${to.index}`, familyOf(destination), NEAR)}`} table ${table} metric ${metric}`,
        ),
      `${family} route add blackhole default table ${table} metric 4294967295`,
    ]);
  });
}

type TransitRoute = { readonly destination: string; readonly to: BedVpc | undefined; readonly metric: number };

function routesFor(world: World, layout: Layout, attachment: Attachment): TransitRoute[] {
  const association = world.api.transitGatewayAttachments.find(
    (found) => found.TransitGatewayAttachmentId === attachment.TransitGatewayAttachmentId,
  );
  // A gateway of which no more is described has its default table, which every VPC asks and is propagated to.
  if (association === undefined)
    return layout.vpcs
      .filter((vpc) => attachmentOf(world, vpc, attachment.TransitGatewayId) !== undefined)
      .flatMap((vpc) => vpc.cidrs.map((destination) => ({ destination, to: vpc, metric: 20 })));
  const { TransitGatewayRouteTableId: id, State } = association.Association ?? {};
  if (id === undefined || State?.toLowerCase() !== 'associated') return [];
  const routes = world.api.transitGatewayRoutes.find((table) => table.TransitGatewayRouteTableId === id)?.Routes ?? [];
  return routes.flatMap((route) => {
    const destination = route.DestinationCidrBlock;
    if (destination === undefined) return [];
    const far = route.TransitGatewayAttachments?.[0]?.TransitGatewayAttachmentId;
    const to = layout.vpcs.find((vpc) => {
      const own = attachmentOf(world, vpc, attachment.TransitGatewayId);
      return own !== undefined && own.TransitGatewayAttachmentId === far;
    });
    // Static routes before propagated ones of the same length.
    const metric = route.Type?.toLowerCase() === 'static' ? 10 : 20;
    const dead = route.State?.toLowerCase() !== 'active';
    return [{ destination, to: dead ? undefined : to, metric }];
  });
}
