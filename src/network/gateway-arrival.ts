/**
 * Whether a transit gateway hands packets over in the very subnet that they are meant for. The network ACL of that subnet is then
 * not evaluated for them: "traffic from the transit gateway to the instances … inbound rules are not evaluated".
 * https://docs.aws.amazon.com/vpc/latest/tgw/tgw-nacls.html, "Same subnet for EC2 instances and transit gateway association"
 */
import { type Missing, missing, type State } from '../model/state.ts';
import type { AddressSet } from './addresses.ts';
import { subnetsInZone } from './attachment-subnets.ts';
import { type RouteReads, routeTableOf, routeTarget, selectRoutes } from './route-tables.ts';

export type ArrivalReads = RouteReads & Pick<State, 'transitGatewayVpcAttachments' | 'subnets'>;

/** Where packets come from, or go to; the subnet of another account's end may not be known. */
export type ArrivalEnd = {
  readonly vpcId: string | undefined;
  readonly subnetId: string | undefined;
  readonly addresses: AddressSet;
};

export type Arrival =
  /** the subnet's network ACL judges them */
  | { readonly inOwnSubnet: 'no' }
  /** it does not: `attachmentId` stands in the subnet */
  | { readonly inOwnSubnet: 'yes'; readonly attachmentId: string }
  | { readonly inOwnSubnet: 'unknown'; readonly missing: readonly Missing[] };

const NO: Arrival = { inOwnSubnet: 'no' };

/** How packets from one VPC arrive in a subnet of another. */
export function arrivalOf(state: ArrivalReads, from: ArrivalEnd, to: ArrivalEnd): Arrival {
  if (from.vpcId === undefined || to.vpcId === undefined || from.vpcId === to.vpcId) return NO;
  if (to.subnetId === undefined) return NO;
  // Where one end's table cannot be read, the other's tells what joins the two VPCs.
  const carrier = carrierOf(state, from, to) ?? carrierOf(state, to, from);
  if (carrier !== undefined && carrier.kind !== 'transit-gateway') return NO;
  const slice = state.transitGatewayVpcAttachments;
  const listed = slice.known
    ? slice.value.filter(
        (one) => one.VpcId === to.vpcId && (carrier === undefined || one.TransitGatewayId === carrier.id),
      )
    : [];
  const own = listed.find((one) => to.subnetId !== undefined && one.SubnetIds?.includes(to.subnetId) === true);
  if (own === undefined && listed.length > 0) return NO;
  if (carrier === undefined)
    return {
      inOwnSubnet: 'unknown',
      missing: [missing(state, 'routeTables', `what joins ${from.vpcId} and ${to.vpcId}`)],
    };
  // Not listed is not "not there": whoever does not own the VPC is not told.
  if (own === undefined) {
    const gap = missing(state, 'transitGatewayVpcAttachments', `the attachment of ${to.vpcId} to ${carrier.id}`);
    return { inOwnSubnet: 'unknown', missing: [gap] };
  }
  const attachmentId = own.TransitGatewayAttachmentId;
  const { zone, inZone, unread } =
    from.subnetId === undefined
      ? { zone: undefined, inZone: [], unread: [] }
      : subnetsInZone(state, own, from.subnetId);
  // The transit gateway stays in the sender's zone where the attachment has a subnet there.
  const places = inZone.length > 0 ? inZone : (own.SubnetIds ?? []);
  if (places.every((id) => id === to.subnetId)) return { inOwnSubnet: 'yes', attachmentId };
  if (!places.includes(to.subnetId)) return NO;
  const gap = missing(
    state,
    'subnets',
    zone === undefined || unread.length > 0
      ? `the zones of ${from.subnetId ?? 'the sender’s subnet'} and of the subnets of ${attachmentId}`
      : `which of ${places.join(', ')} the packets of ${from.subnetId} come out in`,
  );
  return { inOwnSubnet: 'unknown', missing: [gap] };
}

/** What the sender's route table hands the packets to; undefined where that cannot be read or is not one thing. */
function carrierOf(state: RouteReads, from: ArrivalEnd, to: ArrivalEnd): ReturnType<typeof routeTarget> | undefined {
  if (from.subnetId === undefined) return undefined;
  const table = routeTableOf(state, from.subnetId, from.vpcId);
  const part = table === undefined ? undefined : selectRoutes(state, table, to.addresses)[0];
  return part?.winner === 'route' && part.route !== undefined ? routeTarget(part.route) : undefined;
}
