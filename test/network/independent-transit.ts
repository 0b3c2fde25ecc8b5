/**
 * A second, naive reading of how a packet gets from one VPC to an interface in another and its answer back, to hold against
 * the tool's: one packet at a time, no sets. Written from facts.md 3.1, 3.4, 4.1 and 4.3 and from the pages
 * how-transit-gateways-work, tgw-vpc-attachments, tgw-nacls and vpc-peering-routing; of src it imports only shapes.
 */
import type {
  NatGateway,
  TransitGatewayAttachment,
  TransitGatewayRoutes,
  TransitGatewayVpcAttachment,
  VpcPeeringConnection,
} from '../../src/model/aws.ts';
import { aclAllows, type Network, tableOf, within } from './independent.ts';

export type JoinedNetwork = Network & {
  readonly natGateways: readonly NatGateway[];
  readonly peerings: readonly VpcPeeringConnection[];
  readonly vpcAttachments: readonly TransitGatewayVpcAttachment[];
  readonly attachments: readonly TransitGatewayAttachment[];
  readonly gatewayRoutes: readonly TransitGatewayRoutes[];
};

export type Place = { readonly vpcId: string; readonly subnetId: string; readonly address: string };

/** `arrives` and `lost` are sure; `perhaps` is what no document settles. */
export type Fate = 'arrives' | 'lost' | 'perhaps';

/** One packet from a place in one VPC to a place in another: routes and connection only, no group and no network ACL of either end. */
export function carried(network: JoinedNetwork, from: Place, to: Place, destinationPort: number): Fate {
  const table = tableOf(network, from.vpcId, from.subnetId);
  const matching = (table?.Routes ?? []).filter((route) =>
    within(to.address, route.DestinationCidrBlock ?? '0.0.0.0/33'),
  );
  const longest = matching.sort((a, b) => length(b.DestinationCidrBlock) - length(a.DestinationCidrBlock))[0];
  if (longest === undefined) return 'lost';
  // Whatever it leads to: a dead route carries nothing.
  if (longest.State === 'blackhole') return 'lost';
  if (longest.VpcPeeringConnectionId !== undefined)
    return network.peerings.some(
      (one) =>
        one.VpcPeeringConnectionId === longest.VpcPeeringConnectionId &&
        one.Status?.Code === 'active' &&
        [one.AccepterVpcInfo?.VpcId, one.RequesterVpcInfo?.VpcId].sort().join() ===
          [from.vpcId, to.vpcId].sort().join(),
    )
      ? 'arrives'
      : 'lost';
  if (longest.TransitGatewayId !== undefined)
    return throughGateway(network, longest.TransitGatewayId, from, to, destinationPort);
  if (longest.NetworkInterfaceId !== undefined) return 'perhaps';
  return 'lost';
}

function throughGateway(network: JoinedNetwork, gatewayId: string, from: Place, to: Place, port: number): Fate {
  const attachmentOf = (vpcId: string) =>
    network.vpcAttachments.find((one) => one.TransitGatewayId === gatewayId && one.VpcId === vpcId);
  const near = attachmentOf(from.vpcId);
  const far = attachmentOf(to.vpcId);
  if (near?.State !== 'available' || far?.State !== 'available') return 'lost';
  const zone = (subnetId: string) => network.subnets.find((one) => one.SubnetId === subnetId)?.AvailabilityZoneId;
  const entry = (near.SubnetIds ?? []).filter((id) => zone(id) === zone(from.subnetId));
  if (entry.length === 0) return 'lost';
  const asking = network.attachments.find((one) => one.ResourceId === from.vpcId && one.TransitGatewayId === gatewayId);
  if (asking?.Association?.State !== 'associated') return 'lost';
  const table = network.gatewayRoutes.find(
    (one) => one.TransitGatewayRouteTableId === asking.Association?.TransitGatewayRouteTableId,
  );
  const routes = (table?.Routes ?? []).filter((route) =>
    within(to.address, route.DestinationCidrBlock ?? '0.0.0.0/33'),
  );
  const [best] = routes.sort(
    (a, b) =>
      length(b.DestinationCidrBlock) - length(a.DestinationCidrBlock) ||
      Number(a.Type === 'propagated') - Number(b.Type === 'propagated'),
  );
  if (best === undefined || best.State === 'blackhole') return 'lost';
  const leadsTo = best.TransitGatewayAttachments?.[0]?.ResourceId;
  let fate: Fate = leadsTo === to.vpcId ? 'arrives' : 'perhaps';
  // tgw-nacls: inbound rules of the attachment's subnet judge what goes in, outbound rules what comes out.
  const packet = { source: from.address, destination: to.address, destinationPort: port };
  if (!entry.every((id) => aclAllows(network, from.vpcId, id, false, packet))) fate = 'perhaps';
  const exits = (far.SubnetIds ?? []).filter((id) => zone(id) === zone(from.subnetId));
  const out = (exits.length > 0 ? exits : (far.SubnetIds ?? [])).map((id) => leaves(network, id, to, packet));
  if (out.length > 0 && out.every((one) => one === 'lost')) return 'lost';
  return out.every((one) => one === 'arrives') ? fate : 'perhaps';
}

/** Out of an attachment's subnet, by that subnet's own table. */
function leaves(
  network: JoinedNetwork,
  subnetId: string,
  to: Place,
  packet: { source: string; destination: string; destinationPort: number },
): Fate {
  if (subnetId === to.subnetId) return 'arrives';
  const routes = (tableOf(network, to.vpcId, subnetId)?.Routes ?? []).filter((route) =>
    within(to.address, route.DestinationCidrBlock ?? '0.0.0.0/33'),
  );
  const [best] = routes.sort((a, b) => length(b.DestinationCidrBlock) - length(a.DestinationCidrBlock));
  if (best === undefined || best.State === 'blackhole') return 'lost';
  if (best.GatewayId !== 'local') return 'perhaps';
  return aclAllows(network, to.vpcId, subnetId, true, packet) ? 'arrives' : 'perhaps';
}

function length(cidr: string | undefined): number {
  return Number(cidr?.split('/')[1] ?? -1);
}
