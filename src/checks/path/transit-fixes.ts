/** How each broken part of a connection between two VPCs is repaired: the commands, and the same on the model. */
import type { State } from '../../model/state.ts';
import { parseCidr } from '../../network/addresses.ts';
import { subnetsInZone } from '../../network/attachment-subnets.ts';
import { byId } from '../../network/index-by-id.ts';
import type { Transit } from '../../network/transit.ts';
import type { TransitReads, TransitStep } from '../../network/transit-step.ts';
import { type Draft, draftElement, type Fix } from '../check.ts';

export type TransitFacts = {
  readonly transit: Transit & { readonly routeTableId: string };
  readonly step: TransitStep;
  /** the CIDR block that a transit gateway's route would name */
  readonly cidr: string;
};

type Reads = TransitReads & Pick<State, 'vpcs'>;
type Repair = Omit<Fix, 'owner'>;

/** The repair of one step; where nothing on the model shows it, it says why. */
export function transitFix(state: Reads, facts: TransitFacts): Fix {
  return { owner: 'network owner', ...repair(state, facts) };
}

function repair(state: Reads, { transit, step, cidr }: TransitFacts): Repair {
  switch (step.step) {
    case 'peering-state':
      return peering(state, transit);
    case 'attachment-zone':
      return addZone(state, transit, step);
    case 'association':
      return associate(state, transit, step);
    case 'gateway-route':
      return gatewayRoute(state, transit, step, cidr);
    case 'attachment-state':
    case 'far-attachment-state':
      return attachmentState(state, step);
    default:
      return {
        summary: `Repair the connection: ${step.why}.`,
        commands: [],
        undo: [],
        unprovable: `what ${step.resources.join(', ')} should lead to is not written anywhere`,
      };
  }
}

function peering(state: Reads, { id, from, to }: Transit): Repair {
  const code = byId(state.vpcPeeringConnections, 'VpcPeeringConnectionId', id)?.Status?.Code?.toLowerCase();
  if (code !== 'pending-acceptance')
    return {
      summary: `Create a new peering connection in place of ${id}, which is ${code}, and point the routes of both VPCs at it.`,
      commands: [`aws ec2 create-vpc-peering-connection --vpc-id ${from.vpcId} --peer-vpc-id ${to.vpcId}`],
      undo: [],
      unprovable: `${id} is ${code} for good; the new connection’s id is not known yet`,
    };
  return {
    summary: `Accept the peering connection ${id}, as the owner of the VPC that was asked.`,
    commands: [`aws ec2 accept-vpc-peering-connection --vpc-peering-connection-id ${id}`],
    undo: [`aws ec2 delete-vpc-peering-connection --vpc-peering-connection-id ${id}`],
    edit: (draft) => {
      const own = draftElement(draft, 'vpcPeeringConnections', 'VpcPeeringConnectionId', id);
      if (own !== undefined) own.Status = { Code: 'active' };
      // Routes into a connection that waits are blackholes until it is active.
      revive(draft, (route) => route.VpcPeeringConnectionId === id);
    },
  };
}

/** Prefers a small subnet without the client: an attachment is best kept in a subnet of its own. */
function addZone(state: Reads, transit: Transit, step: TransitStep): Repair {
  const id = step.resources[0] ?? '';
  const near = byId(state.transitGatewayVpcAttachments, 'TransitGatewayAttachmentId', id);
  const { subnetId, vpcId } = transit.from;
  const own = state.subnets.known ? state.subnets.value.filter((one) => one.VpcId === vpcId) : [];
  const zone = subnetsInZone(
    state,
    { ...near, TransitGatewayAttachmentId: id, SubnetIds: own.map((one) => one.SubnetId) },
    subnetId,
  );
  const size = (one: string) => parseCidr(byId(state.subnets, 'SubnetId', one)?.CidrBlock ?? '')?.prefixLength ?? 0;
  const chosen = [...zone.inZone].sort(
    (a, b) => Number(a === subnetId) - Number(b === subnetId) || size(b) - size(a) || (a < b ? -1 : 1),
  )[0];
  if (chosen === undefined)
    return {
      summary: `Create a subnet in ${zone.zone ?? 'the zone'} and add it to ${id}.`,
      commands: [],
      undo: [],
      unprovable: 'the subnet has to be made first',
    };
  const command = `aws ec2 modify-transit-gateway-vpc-attachment --transit-gateway-attachment-id ${id}`;
  return {
    summary: `Add ${chosen}, in the zone of ${subnetId}, to ${id}.`,
    commands: [`${command} --add-subnet-ids ${chosen}`],
    undo: [`${command} --remove-subnet-ids ${chosen}`],
    caution: `The network ACL and the route table of ${chosen} then count for what comes over the transit gateway.`,
    edit: (draft) => {
      const found = draftElement(draft, 'transitGatewayVpcAttachments', 'TransitGatewayAttachmentId', id);
      if (found !== undefined) found.SubnetIds = [...(found.SubnetIds ?? []), chosen];
    },
  };
}

/** The table that the other end asks is taken: both then see what is propagated there. */
function associate(state: Reads, transit: Transit, step: TransitStep): Repair {
  const id = step.resources[0] ?? '';
  const others = state.transitGatewayAttachments.known ? state.transitGatewayAttachments.value : [];
  const twin = others.find(
    (one) =>
      one.TransitGatewayId === transit.id && one.ResourceId === transit.to.vpcId && one.Association !== undefined,
  );
  const table = step.resources[1] ?? twin?.Association?.TransitGatewayRouteTableId;
  if (table === undefined)
    return {
      summary: `Associate ${id} with a route table of ${transit.id} that leads to ${transit.to.vpcId}.`,
      commands: [],
      undo: [],
      unprovable: 'which route table is meant for it is not written anywhere',
    };
  const where = `--transit-gateway-route-table-id ${table} --transit-gateway-attachment-id ${id}`;
  return {
    summary: `Associate ${id} with ${table}.`,
    commands: [`aws ec2 associate-transit-gateway-route-table ${where}`],
    undo: [`aws ec2 disassociate-transit-gateway-route-table ${where}`],
    edit: (draft) => {
      const found = draftElement(draft, 'transitGatewayAttachments', 'TransitGatewayAttachmentId', id);
      if (found !== undefined) found.Association = { TransitGatewayRouteTableId: table, State: 'associated' };
    },
  };
}

function gatewayRoute(state: Reads, transit: Transit, step: TransitStep, cidr: string): Repair {
  const table = step.resources[0] ?? '';
  const listed = state.transitGatewayVpcAttachments.known ? state.transitGatewayVpcAttachments.value : [];
  const far = listed.find((one) => one.TransitGatewayId === transit.id && one.VpcId === transit.to.vpcId);
  const id = far?.TransitGatewayAttachmentId;
  if (id === undefined)
    return {
      summary: `Add a route for ${cidr} to ${table}, to the attachment of ${transit.to.vpcId}.`,
      commands: [],
      undo: [],
      unprovable: `the attachment of ${transit.to.vpcId} to ${transit.id} is not visible from here`,
    };
  const known = byId(state.transitGatewayRoutes, 'TransitGatewayRouteTableId', table)?.Routes ?? [];
  const twin = known.find((route) => route.DestinationCidrBlock === cidr && route.Type?.toLowerCase() === 'static');
  const where = `--transit-gateway-route-table-id ${table} --destination-cidr-block ${cidr}`;
  return {
    summary: `${twin === undefined ? 'Add a' : 'Replace the'} route for ${cidr} in ${table}, to ${id}.`,
    commands: [
      `aws ec2 ${twin === undefined ? 'create' : 'replace'}-transit-gateway-route ${where} --transit-gateway-attachment-id ${id}`,
    ],
    undo:
      twin === undefined
        ? [`aws ec2 delete-transit-gateway-route ${where}`]
        : [`aws ec2 replace-transit-gateway-route ${where} --blackhole`],
    edit: (draft) => {
      const own = draftElement(draft, 'transitGatewayRoutes', 'TransitGatewayRouteTableId', table);
      if (own === undefined) return;
      own.Routes = [
        ...(own.Routes ?? []).filter((route) => route.DestinationCidrBlock !== cidr),
        {
          DestinationCidrBlock: cidr,
          TransitGatewayAttachments: [
            { ResourceId: transit.to.vpcId, TransitGatewayAttachmentId: id, ResourceType: 'vpc' },
          ],
          Type: 'static',
          State: 'active',
        },
      ];
    },
  };
}

function attachmentState(state: Reads, step: TransitStep): Repair {
  const id = step.resources[0] ?? '';
  const found = byId(state.transitGatewayVpcAttachments, 'TransitGatewayAttachmentId', id);
  if (found?.State?.toLowerCase() !== 'pendingacceptance')
    return {
      summary: `Attach ${found?.VpcId ?? 'the VPC'} to ${found?.TransitGatewayId ?? 'the transit gateway'} anew: ${step.why}.`,
      commands: [],
      undo: [],
      unprovable: `${id} does not come back from that state, and a new attachment’s id is not known yet`,
    };
  const where = `--transit-gateway-attachment-id ${id}`;
  return {
    summary: `Accept ${id}, as the owner of ${found.TransitGatewayId}.`,
    commands: [`aws ec2 accept-transit-gateway-vpc-attachment ${where}`],
    undo: [`aws ec2 delete-transit-gateway-vpc-attachment ${where}`],
    edit: (draft) => {
      const own = draftElement(draft, 'transitGatewayVpcAttachments', 'TransitGatewayAttachmentId', id);
      if (own !== undefined) own.State = 'available';
      revive(draft, (route, vpcId) => route.TransitGatewayId === found.TransitGatewayId && vpcId === found.VpcId);
    },
  };
}

type DraftRoute = NonNullable<Draft['slices']['routeTables'][number]['Routes']>[number];

function revive(draft: Draft, wanted: (route: DraftRoute, vpcId: string | undefined) => boolean): void {
  for (const { RouteTableId, VpcId, Routes } of [...draft.slices.routeTables]) {
    if (Routes?.some((route) => wanted(route, VpcId)) !== true) continue;
    const own = draftElement(draft, 'routeTables', 'RouteTableId', RouteTableId);
    for (const route of own?.Routes ?? []) if (wanted(route, VpcId)) route.State = 'active';
  }
}
