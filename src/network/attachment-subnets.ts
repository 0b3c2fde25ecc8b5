/** The subnets that a transit gateway's attachment stands in: their zones, their route tables and their network ACLs. */
import type { TransitGatewayVpcAttachment } from '../model/aws.ts';
import { type Missing, missing, type State } from '../model/state.ts';
import { flows, isEmpty, subtractFlows } from './flows.ts';
import { byId } from './index-by-id.ts';
import { evaluateNetworkAcl, networkAclOf } from './network-acls.ts';
import type { PortSet } from './ports.ts';
import { isBlackhole, routeTableOf, routeTarget, selectRoutes } from './route-tables.ts';
import {
  blocks,
  cannotTell,
  type NearEnd,
  passes,
  type TransitEnd,
  type TransitReads,
  type TransitStep,
} from './transit-step.ts';

/**
 * The attachment's subnets that are in one subnet's zone, by zone id where both have it: names of zones differ between accounts.
 * @returns `zone` undefined and `unread` not empty where a subnet could not be read
 */
export function subnetsInZone(
  state: Pick<State, 'subnets'>,
  attachment: TransitGatewayVpcAttachment,
  subnetId: string,
): { readonly zone: string | undefined; readonly inZone: readonly string[]; readonly unread: readonly string[] } {
  const ids = attachment.SubnetIds ?? [];
  const zone = zoneOf(state, subnetId);
  const same = (id: string) => id === subnetId || (zone !== undefined && zoneOf(state, id) === zone);
  return {
    zone,
    inZone: ids.filter(same),
    unread: ids.filter((id) => zoneOf(state, id) === undefined),
  };
}

function zoneOf(state: Pick<State, 'subnets'>, subnetId: string): string | undefined {
  const subnet = byId(state.subnets, 'SubnetId', subnetId);
  return subnet?.AvailabilityZoneId ?? subnet?.AvailabilityZone;
}

/**
 * What comes out of the transit gateway follows the route table of the attachment's subnet, and meets that subnet's network
 * ACL on its way out of it, unless the far end stands in the very subnet. The transit gateway stays in the zone where
 * the packets came in, if the attachment has a subnet there.
 * https://docs.aws.amazon.com/vpc/latest/tgw/tgw-nacls.html
 */
export function farSubnetStep(
  state: TransitReads,
  far: TransitGatewayVpcAttachment | undefined,
  from: NearEnd,
  to: TransitEnd,
  ports: PortSet,
): TransitStep {
  const step = 'far-subnet-route';
  const ids = far?.SubnetIds ?? [];
  if (far === undefined || ids.length === 0)
    return cannotTell(
      step,
      [to.vpcId],
      [missing(state, 'transitGatewayVpcAttachments', `the subnets in which ${to.vpcId} is attached`)],
    );
  const { inZone } = subnetsInZone(state, far, from.subnetId);
  const answers = (inZone.length > 0 ? inZone : ids).map((id) => leadsOn(state, id, to, ports));
  const first = answers[0];
  // Which subnet is used where the zone does not decide is not told: only what all of them say is sure.
  if (first !== undefined && answers.every((answer) => answer.verdict === first.verdict)) return first;
  return cannotTell(step, ids, [
    missing(state, 'subnets', `which of ${ids.join(', ')} carries it: their route tables differ`),
  ]);
}

function leadsOn(state: TransitReads, subnetId: string, to: TransitEnd, ports: PortSet): TransitStep {
  const step = 'far-subnet-route';
  if (subnetId === to.subnetId) return passes(step, [subnetId], `${subnetId} holds both`);
  const table = routeTableOf(state, subnetId, to.vpcId);
  if (table === undefined)
    return cannotTell(step, [subnetId], [missing(state, 'routeTables', `the route table of ${subnetId}`)]);
  const tableId = table.RouteTableId;
  const words = `the route table of ${subnetId}, where the transit gateway is attached`;
  for (const { route, winner } of selectRoutes(state, table, to.addresses)) {
    if (winner === 'none' || route === undefined) return blocks(step, [tableId], `${tableId}, ${words}, has no route`);
    if (isBlackhole(route)) return blocks(step, [tableId], `${tableId}, ${words}, drops it by a blackhole`);
    if (winner === 'undetermined' || routeTarget(route).kind !== 'local')
      return cannotTell(
        step,
        [tableId],
        [
          missing(
            state,
            'routeTables',
            `what ${routeTarget(route).id} does with it: ${tableId}, ${words}, sends it there`,
          ),
        ],
      );
  }
  return aclStep(state, subnetId, to.vpcId, 'egress', to, ports) ?? passes(step, [tableId], `${words}, leads on`);
}

/** What goes into the transit gateway meets the inbound rules of the attachment's subnet, with the sender as source. */
export function nearSubnetStep(
  state: TransitReads,
  near: TransitGatewayVpcAttachment | undefined,
  from: NearEnd,
  ports: PortSet,
): TransitStep | undefined {
  if (near === undefined) return undefined;
  const { inZone } = subnetsInZone(state, near, from.subnetId);
  const steps = inZone.map((id) => aclStep(state, id, from.vpcId, 'ingress', from, ports));
  return steps.find((step) => step !== undefined);
}

/**
 * Undefined where the network ACL passes all of it. What a denial there does is documented for instances, not for the
 * interfaces of endpoints: it is said, and neither blamed nor cleared.
 */
function aclStep(
  state: TransitReads,
  subnetId: string,
  vpcId: string,
  direction: 'ingress' | 'egress',
  remote: TransitEnd,
  ports: PortSet,
): TransitStep | undefined {
  const acl = networkAclOf(state, subnetId, vpcId);
  if (acl === undefined)
    return cannotTell('attachment-acl', [subnetId], [missing(state, 'networkAcls', `the network ACL of ${subnetId}`)]);
  const { pass } = evaluateNetworkAcl(acl, direction, remote.addresses, ports);
  if (isEmpty(subtractFlows(flows(remote.addresses, ports), pass))) return undefined;
  const gap: Missing = {
    slice: 'networkAcls',
    action: 'ec2:DescribeNetworkAcls',
    why: 'not-visible',
    detail: `whether ${acl.NetworkAclId} of ${subnetId}, where the transit gateway is attached, drops it: its ${direction === 'ingress' ? 'inbound' : 'outbound'} rules would`,
  };
  return cannotTell('attachment-acl', [acl.NetworkAclId, subnetId], [gap]);
}
