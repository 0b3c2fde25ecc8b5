/** Which other VPCs are worth reading: those whose endpoints the client may be meant to use over a connection. */
import type { Slice, SliceName } from '../model/state.ts';
import { decodeElements } from './decode.ts';

type Lists = {
  readonly [N in 'vpcEndpoints' | 'vpcPeeringConnections' | 'transitGatewayVpcAttachments']: Promise<Slice<unknown>>;
};

/** A filter of the API takes 200 values; a client uses the endpoints of one or two central VPCs. */
const MOST_VPCS = 20;

/**
 * The VPCs, other than the client's, that hold an interface endpoint and that a peering connection (in any state) or a
 * transit gateway joins with the client's. Where a list of connections could not be read, every VPC with an interface
 * endpoint counts, because which of them are joined cannot be said.
 */
export async function joinedVpcs(vpcId: string, lists: Lists): Promise<string[]> {
  const [endpoints, peerings, attachments] = await Promise.all([
    lists.vpcEndpoints,
    lists.vpcPeeringConnections,
    lists.transitGatewayVpcAttachments,
  ]);
  const holders = elementsOf('vpcEndpoints', endpoints)
    .filter((endpoint) => endpoint.VpcEndpointType?.toLowerCase() === 'interface')
    .flatMap((endpoint) => endpoint.VpcId ?? []);
  const others = [...new Set(holders)].filter((id) => id !== vpcId).sort();
  if (!peerings.known || !attachments.known) return others.slice(0, MOST_VPCS);
  const peered = elementsOf('vpcPeeringConnections', peerings).flatMap((peering) => {
    const ends = [peering.AccepterVpcInfo?.VpcId, peering.RequesterVpcInfo?.VpcId];
    return ends.includes(vpcId) ? ends : [];
  });
  const attached = elementsOf('transitGatewayVpcAttachments', attachments);
  const gateways = new Set(attached.filter((one) => one.VpcId === vpcId).flatMap((one) => one.TransitGatewayId ?? []));
  const behind = attached.filter((one) => gateways.has(one.TransitGatewayId ?? '')).map((one) => one.VpcId);
  const joined = new Set([...peered, ...behind]);
  return others.filter((id) => joined.has(id)).slice(0, MOST_VPCS);
}

function elementsOf<N extends SliceName>(name: N, slice: Slice<unknown>) {
  return slice.known ? decodeElements(name, slice.value).elements : [];
}
