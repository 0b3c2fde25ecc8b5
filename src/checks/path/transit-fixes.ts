/** How each broken part of a connection between two VPCs is repaired: the commands, and the same on the model. */
import type { TransitGatewayVpcAttachment } from '../../model/aws.ts';
import type { State } from '../../model/state.ts';
import { parseCidr } from '../../network/addresses.ts';
import { subnetsInZone } from '../../network/attachment-subnets.ts';
import { byId } from '../../network/index-by-id.ts';
import type { Transit } from '../../network/transit.ts';
import type { TransitReads, TransitStep } from '../../network/transit-step.ts';
import { type Draft, draftElement, type Fix } from '../check.ts';
import { comment, hcl, imported, resource, UNDO_BY_REMOVAL } from '../terraform.ts';

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
        terraform: comment(`What ${step.resources.join(', ')} should lead to is not written anywhere.`),
        unprovable: `what ${step.resources.join(', ')} should lead to is not written anywhere`,
      };
  }
}

function peering(state: Reads, { id, from, to }: Transit): Repair {
  const code = byId(state.vpcPeeringConnections, 'VpcPeeringConnectionId', id)?.Status?.Code?.toLowerCase();
  if (code !== 'pending-acceptance')
    return {
      summary: `Create a new peering connection in place of ${id}, which is ${code}, and point the routes of both VPCs at it.`,
      commands: [
        `PEERING=$(aws ec2 create-vpc-peering-connection --vpc-id ${from.vpcId} --peer-vpc-id ${to.vpcId} --query VpcPeeringConnection.VpcPeeringConnectionId --output text)`,
        'aws ec2 accept-vpc-peering-connection --vpc-peering-connection-id "$PEERING"',
      ],
      undo: ['aws ec2 delete-vpc-peering-connection --vpc-peering-connection-id "$PEERING"'],
      caution: `Where ${to.vpcId} is another account’s or another Region’s, name it with --peer-owner-id or --peer-region, and let its owner accept.`,
      terraform: hcl(
        resource('aws_vpc_peering_connection', `${from.vpcId}_${to.vpcId}`, {
          vpc_id: from.vpcId,
          peer_vpc_id: to.vpcId,
          auto_accept: true,
        }),
        comment(`And the aws_route resources of both VPCs that name ${id} have to name the new one.`),
        UNDO_BY_REMOVAL,
      ),
      unprovable: `${id} is ${code} for good; the new connection’s id is not known yet`,
    };
  return {
    summary: `Accept the peering connection ${id}, as the owner of the VPC that was asked.`,
    commands: [`aws ec2 accept-vpc-peering-connection --vpc-peering-connection-id ${id}`],
    undo: [`aws ec2 delete-vpc-peering-connection --vpc-peering-connection-id ${id}`],
    terraform: hcl(
      resource('aws_vpc_peering_connection_accepter', id, { vpc_peering_connection_id: id, auto_accept: true }),
      comment('Undo: removing this does not undo it; the connection is deleted by its aws_vpc_peering_connection.'),
    ),
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
      terraform: comment(
        `An aws_subnet in ${zone.zone ?? 'the zone'}, and its id in the subnet_ids of the aws_ec2_transit_gateway_vpc_attachment ${id}.`,
      ),
      unprovable: 'the subnet has to be made first',
    };
  const command = `aws ec2 modify-transit-gateway-vpc-attachment --transit-gateway-attachment-id ${id}`;
  return {
    summary: `Add ${chosen}, in the zone of ${subnetId}, to ${id}.`,
    commands: [`${command} --add-subnet-ids ${chosen}`],
    undo: [`${command} --remove-subnet-ids ${chosen}`],
    terraform: near === undefined ? undefined : attachmentInTerraform(near, [...(near.SubnetIds ?? []), chosen]),
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
      terraform: comment(
        `An aws_ec2_transit_gateway_route_table_association of ${id}; which route table is meant is not written anywhere.`,
      ),
      unprovable: 'which route table is meant for it is not written anywhere',
    };
  const where = `--transit-gateway-route-table-id ${table} --transit-gateway-attachment-id ${id}`;
  return {
    summary: `Associate ${id} with ${table}.`,
    commands: [`aws ec2 associate-transit-gateway-route-table ${where}`],
    undo: [`aws ec2 disassociate-transit-gateway-route-table ${where}`],
    terraform: hcl(
      resource('aws_ec2_transit_gateway_route_table_association', `${table}_${id}`, {
        transit_gateway_route_table_id: table,
        transit_gateway_attachment_id: id,
      }),
      UNDO_BY_REMOVAL,
    ),
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
      terraform: comment(
        `An aws_ec2_transit_gateway_route for ${cidr} in ${table}, to the attachment of ${transit.to.vpcId}, which is not visible from here.`,
      ),
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
        : [`aws ec2 replace-transit-gateway-route ${where} ${formerTarget(twin)}`],
    terraform: hcl(
      ...(twin === undefined
        ? []
        : [imported('aws_ec2_transit_gateway_route', `${table}_${cidr}`, `${table}_${cidr}`)]),
      resource('aws_ec2_transit_gateway_route', `${table}_${cidr}`, {
        transit_gateway_route_table_id: table,
        destination_cidr_block: cidr,
        transit_gateway_attachment_id: id,
      }),
      twin === undefined ? UNDO_BY_REMOVAL : comment('Undo: give the route its former target.'),
    ),
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
      terraform: comment(
        `Declare the aws_ec2_transit_gateway_vpc_attachment of ${found?.VpcId ?? 'the VPC'} anew: ${id} does not come back from that state.`,
      ),
      unprovable: `${id} does not come back from that state, and a new attachment’s id is not known yet`,
    };
  const where = `--transit-gateway-attachment-id ${id}`;
  return {
    summary: `Accept ${id}, as the owner of ${found.TransitGatewayId}.`,
    commands: [`aws ec2 accept-transit-gateway-vpc-attachment ${where}`],
    undo: [`aws ec2 delete-transit-gateway-vpc-attachment ${where}`],
    terraform: hcl(
      resource('aws_ec2_transit_gateway_vpc_attachment_accepter', id, { transit_gateway_attachment_id: id }),
      UNDO_BY_REMOVAL,
    ),
    edit: (draft) => {
      const own = draftElement(draft, 'transitGatewayVpcAttachments', 'TransitGatewayAttachmentId', id);
      if (own !== undefined) own.State = 'available';
      revive(draft, (route, vpcId) => route.TransitGatewayId === found.TransitGatewayId && vpcId === found.VpcId);
    },
  };
}

/** What a static route of the transit gateway led to before it is replaced. */
function formerTarget(route: {
  readonly TransitGatewayAttachments?:
    | readonly { readonly TransitGatewayAttachmentId?: string | undefined }[]
    | undefined;
}): string {
  const id = route.TransitGatewayAttachments?.[0]?.TransitGatewayAttachmentId;
  return id === undefined ? '--blackhole' : `--transit-gateway-attachment-id ${id}`;
}

/** The attachment imported, in these subnets. */
function attachmentInTerraform(found: TransitGatewayVpcAttachment, subnetIds: readonly string[]): string {
  const id = found.TransitGatewayAttachmentId;
  const { TransitGatewayId: gateway, VpcId: vpc } = found;
  if (gateway === undefined || vpc === undefined)
    return comment(`In the aws_ec2_transit_gateway_vpc_attachment ${id} set subnet_ids to ${subnetIds.join(', ')}.`);
  return hcl(
    comment(`Where ${id} is in your configuration already, set the argument there instead.`),
    imported('aws_ec2_transit_gateway_vpc_attachment', id, id),
    resource('aws_ec2_transit_gateway_vpc_attachment', id, {
      transit_gateway_id: gateway,
      vpc_id: vpc,
      subnet_ids: subnetIds,
      lifecycle: { ignore_changes: [{ expression: 'tags' }] },
    }),
    comment('Undo: give subnet_ids its former value.'),
  );
}

type DraftRoute = NonNullable<Draft['slices']['routeTables'][number]['Routes']>[number];

function revive(draft: Draft, wanted: (route: DraftRoute, vpcId: string | undefined) => boolean): void {
  for (const { RouteTableId, VpcId, Routes } of [...draft.slices.routeTables]) {
    if (Routes?.some((route) => wanted(route, VpcId)) !== true) continue;
    const own = draftElement(draft, 'routeTables', 'RouteTableId', RouteTableId);
    for (const route of own?.Routes ?? []) if (wanted(route, VpcId)) route.State = 'active';
  }
}
