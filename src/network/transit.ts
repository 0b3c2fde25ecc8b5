/**
 * The connection between two VPCs, one way: a peering connection, or a transit gateway with everything that it takes to lead
 * on. Every step is asked, whatever the others say, so that all that is wrong with a connection is named in one run.
 * https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html, …/tgw-vpc-attachments.html,
 * https://docs.aws.amazon.com/vpc/latest/peering/what-is-vpc-peering.html, facts.md 4.3.
 */
import type { Route, TransitGatewayAttachment, TransitGatewayVpcAttachment } from '../model/aws.ts';
import { missing, type State } from '../model/state.ts';
import { farSubnetStep, nearSubnetStep, subnetsInZone } from './attachment-subnets.ts';
import { byId } from './index-by-id.ts';
import type { PortSet } from './ports.ts';
import { isBlackhole, routeDestination, routeTarget } from './route-tables.ts';
import { gatewayRouteStep } from './transit-gateway-routes.ts';
import {
  blocks,
  cannotTell,
  type NearEnd,
  passes,
  type TransitEnd,
  type TransitReads,
  type TransitStep,
} from './transit-step.ts';

export type Transit = {
  readonly kind: 'vpc-peering-connection' | 'transit-gateway';
  readonly id: string;
  readonly from: NearEnd;
  readonly to: TransitEnd;
  readonly steps: readonly TransitStep[];
};

/**
 * Evaluates the connection that a route leads into.
 * @param route the route that wins for the far end's addresses in the near end's subnet
 * @param ports destination ports of the packets
 * @returns undefined when the route leads into no peering connection and no transit gateway
 */
export function evaluateTransit(
  state: TransitReads,
  route: Route,
  from: NearEnd,
  to: TransitEnd,
  ports: PortSet,
): Transit | undefined {
  const { kind, id } = routeTarget(route);
  if (kind === 'vpc-peering-connection')
    return { kind, id, from, to, steps: [routeState(route, id), peeringState(state, id)] };
  if (kind !== 'transit-gateway') return undefined;
  const near = vpcAttachment(state, id, from.vpcId);
  const far = vpcAttachment(state, id, to.vpcId);
  const asked = attachment(state, id, from.vpcId);
  return {
    kind,
    id,
    from,
    to,
    steps: [
      routeState(route, id),
      attachmentState(state, near, id, from.vpcId),
      attachmentZone(state, near, from),
      association(state, asked, id, from.vpcId),
      gatewayRouteStep(state, asked?.Association?.TransitGatewayRouteTableId, to),
      farAttachmentState(far),
      farSubnetStep(state, far, from, to, ports),
      nearSubnetStep(state, near, from, ports),
    ].filter((step) => step !== undefined),
  };
}

/** What all steps say together. */
export function transitVerdict(transit: Transit): TransitStep['verdict'] {
  const said = (verdict: TransitStep['verdict']) => transit.steps.some((step) => step.verdict === verdict);
  return said('block') ? 'block' : said('unknown') ? 'unknown' : 'pass';
}

/** A route whose peering connection or attachment is gone, or not there yet, is a blackhole. */
function routeState(route: Route, id: string): TransitStep {
  return isBlackhole(route)
    ? blocks('route-state', [id], `the route for ${routeDestination(route)} to ${id} is a blackhole`)
    : passes('route-state', [id], `the route for ${routeDestination(route)} to ${id} is active`);
}

function peeringState(state: Pick<State, 'vpcPeeringConnections'>, id: string): TransitStep {
  const peering = byId(state.vpcPeeringConnections, 'VpcPeeringConnectionId', id);
  const code = peering?.Status?.Code?.toLowerCase();
  if (code === undefined) return cannotTell('peering-state', [id], [missing(state, 'vpcPeeringConnections', id)]);
  return code === 'active'
    ? passes('peering-state', [id], `${id} is active`)
    : blocks('peering-state', [id], `${id} is ${code}`);
}

/** `modifying` keeps what it has while subnets are added or taken away; every other word is no working attachment. */
const USABLE: ReadonlySet<string> = new Set(['available', 'modifying']);

function attachmentState(
  state: TransitReads,
  near: TransitGatewayVpcAttachment | undefined,
  gatewayId: string,
  vpcId: string,
): TransitStep {
  // Not listed is not "not there": whoever does not own the VPC is not told. Without an attachment the route is a blackhole.
  if (near?.State === undefined)
    return cannotTell(
      'attachment-state',
      [gatewayId],
      [missing(state, 'transitGatewayVpcAttachments', `the attachment of ${vpcId} to ${gatewayId}`)],
    );
  const id = near.TransitGatewayAttachmentId;
  const words = `${id}, the attachment of ${vpcId} to ${gatewayId}, is ${near.State}`;
  return USABLE.has(near.State.toLowerCase())
    ? passes('attachment-state', [id], words)
    : blocks('attachment-state', [id], words);
}

/** The far attachment need not be listed: a live route of the transit gateway to it says that it is there. */
function farAttachmentState(far: TransitGatewayVpcAttachment | undefined): TransitStep | undefined {
  if (far?.State === undefined) return undefined;
  const id = far.TransitGatewayAttachmentId;
  const words = `${id}, the attachment of ${far.VpcId}, is ${far.State}`;
  return USABLE.has(far.State.toLowerCase())
    ? passes('far-attachment-state', [id], words)
    : blocks('far-attachment-state', [id], words);
}

/**
 * A subnet reaches the transit gateway only where the attachment has a subnet in the same Availability Zone.
 * https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html, "Limits"
 */
function attachmentZone(
  state: TransitReads,
  near: TransitGatewayVpcAttachment | undefined,
  from: NearEnd,
): TransitStep | undefined {
  // Where the attachment itself is not seen, that is said already.
  if (near === undefined) return undefined;
  const id = near.TransitGatewayAttachmentId;
  const found = subnetsInZone(state, near, from.subnetId);
  if (found.inZone.length > 0)
    return passes('attachment-zone', [id], `${id} has ${found.inZone.join(', ')} in the zone of ${from.subnetId}`);
  if (found.zone === undefined || found.unread.length > 0 || near.SubnetIds === undefined) {
    const unread = found.zone === undefined ? from.subnetId : (found.unread[0] ?? `the subnets of ${id}`);
    return cannotTell('attachment-zone', [id], [missing(state, 'subnets', `the zone of ${unread}`)]);
  }
  return blocks('attachment-zone', [id], `${id} has no subnet in ${found.zone}, the zone of ${from.subnetId}`);
}

function association(
  state: TransitReads,
  found: TransitGatewayAttachment | undefined,
  gatewayId: string,
  vpcId: string,
): TransitStep {
  const unread = (detail: string) =>
    cannotTell('association', [gatewayId], [missing(state, 'transitGatewayAttachments', detail)]);
  if (found === undefined)
    return unread(`the route table that the attachment of ${vpcId} to ${gatewayId} is associated with`);
  const id = found.TransitGatewayAttachmentId;
  const {
    TransitGatewayRouteTableId: table,
    TransitGatewayPolicyTableId: policy,
    State: state_,
  } = found.Association ?? {};
  // A policy table chooses the route table by rules that this tool does not read.
  if (policy !== undefined) return unread(`what the policy table ${policy} does with the packets of ${id}`);
  if (table === undefined) {
    // The transit gateway's owner sees the association where there is one; others need not be shown it.
    const owned = found.TransitGatewayOwnerId !== undefined && found.TransitGatewayOwnerId === found.ResourceOwnerId;
    return owned
      ? blocks('association', [id], `${id} is associated with no route table of ${gatewayId}`)
      : unread(`the route table that ${id} is associated with`);
  }
  return (state_ ?? 'associated').toLowerCase() === 'associated'
    ? passes('association', [table, id], `${id} asks ${table}`)
    : blocks('association', [id, table], `the association of ${id} with ${table} is ${state_}`);
}

function vpcAttachment(
  state: Pick<State, 'transitGatewayVpcAttachments'>,
  gatewayId: string,
  vpcId: string,
): TransitGatewayVpcAttachment | undefined {
  if (!state.transitGatewayVpcAttachments.known) return undefined;
  return newest(
    state.transitGatewayVpcAttachments.value.filter((one) => one.TransitGatewayId === gatewayId && one.VpcId === vpcId),
  );
}

function attachment(
  state: Pick<State, 'transitGatewayAttachments'>,
  gatewayId: string,
  vpcId: string,
): TransitGatewayAttachment | undefined {
  if (!state.transitGatewayAttachments.known) return undefined;
  return newest(
    state.transitGatewayAttachments.value.filter(
      (one) => one.TransitGatewayId === gatewayId && one.ResourceType === 'vpc' && one.ResourceId === vpcId,
    ),
  );
}

/** A deleted attachment is listed for a while beside the one that replaced it. */
function newest<T extends { readonly State?: string | undefined }>(found: readonly T[]): T | undefined {
  return found.find((one) => USABLE.has(one.State?.toLowerCase() ?? '')) ?? found[0];
}
