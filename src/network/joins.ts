/** What joins two VPCs, whether or not routes lead into it. */
import { type Missing, missing, type State } from '../model/state.ts';
import { cidrSet, containsAddress } from './addresses.ts';

export type JoinReads = Pick<State, 'vpcPeeringConnections' | 'transitGatewayVpcAttachments'>;

export type Join = { readonly kind: 'vpc-peering-connection' | 'transit-gateway'; readonly id: string };

/** A peering connection that is there or on its way; the other states are final. */
const LIVING: ReadonlySet<string> = new Set(['active', 'provisioning', 'pending-acceptance', 'initiating-request']);
const ATTACHED: ReadonlySet<string> = new Set(['available', 'modifying']);

/**
 * The peering connections and transit gateways that have both VPCs, working ones first.
 * @returns `missing` names the lists that could not be read: something in them may join the two as well
 */
export function joinsBetween(
  state: JoinReads,
  a: string,
  b: string,
): { readonly joins: readonly Join[]; readonly missing: readonly Missing[] } {
  const peerings = state.vpcPeeringConnections.known ? state.vpcPeeringConnections.value : [];
  const living = peerings.filter((peering) => {
    const ends = [peering.AccepterVpcInfo?.VpcId, peering.RequesterVpcInfo?.VpcId];
    return ends.includes(a) && ends.includes(b) && LIVING.has(codeOf(peering));
  });
  const attachments = state.transitGatewayVpcAttachments.known ? state.transitGatewayVpcAttachments.value : [];
  const gatewaysOf = (vpcId: string) =>
    attachments
      .filter((one) => one.VpcId === vpcId && ATTACHED.has(one.State?.toLowerCase() ?? ''))
      .flatMap((one) => one.TransitGatewayId ?? []);
  const shared = [...new Set(gatewaysOf(a).filter((id) => gatewaysOf(b).includes(id)))].sort();
  const active = living.filter((peering) => codeOf(peering) === 'active');
  const waiting = living.filter((peering) => codeOf(peering) !== 'active');
  const asJoin = (peering: (typeof living)[number]): Join => ({
    kind: 'vpc-peering-connection',
    id: peering.VpcPeeringConnectionId,
  });
  return {
    joins: [
      ...active.map(asJoin),
      ...shared.map((id): Join => ({ kind: 'transit-gateway', id })),
      ...waiting.map(asJoin),
    ],
    missing: [
      ...(state.vpcPeeringConnections.known ? [] : [missing(state, 'vpcPeeringConnections')]),
      ...(state.transitGatewayVpcAttachments.known ? [] : [missing(state, 'transitGatewayVpcAttachments')]),
    ],
  };
}

function codeOf(peering: { readonly Status?: { readonly Code?: string | undefined } | undefined }): string {
  return peering.Status?.Code?.toLowerCase() ?? '';
}

/** What could lead from a VPC to an address of which nothing else is known: a peering connection that has it, or any transit gateway. */
export function joinsTowards(state: JoinReads, vpcId: string, address: string): readonly Join[] {
  const peerings = state.vpcPeeringConnections.known ? state.vpcPeeringConnections.value : [];
  const attachments = state.transitGatewayVpcAttachments.known ? state.transitGatewayVpcAttachments.value : [];
  const holds = (info: (typeof peerings)[number]['AccepterVpcInfo']) =>
    info?.VpcId !== vpcId &&
    containsAddress(cidrSet((info?.CidrBlockSet ?? []).flatMap((block) => block.CidrBlock ?? [])), address);
  const peered = peerings.filter(
    (one) =>
      codeOf(one) === 'active' &&
      [one.AccepterVpcInfo?.VpcId, one.RequesterVpcInfo?.VpcId].includes(vpcId) &&
      (holds(one.AccepterVpcInfo) || holds(one.RequesterVpcInfo)),
  );
  const gateways = attachments
    .filter((one) => one.VpcId === vpcId && ATTACHED.has(one.State?.toLowerCase() ?? ''))
    .flatMap((one) => one.TransitGatewayId ?? []);
  return [
    ...peered.map((one): Join => ({ kind: 'vpc-peering-connection', id: one.VpcPeeringConnectionId })),
    ...[...new Set(gateways)].sort().map((id): Join => ({ kind: 'transit-gateway', id })),
  ];
}
