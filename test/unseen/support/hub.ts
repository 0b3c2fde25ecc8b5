/** A central VPC with the endpoint, reached over a transit gateway; each part can be left out or bent. */
import type { Endpoint, Network } from './network.ts';
import { ACCOUNT, id } from './rules.ts';

export type Hub = {
  readonly service: string;
  readonly groups?: Network['groups'];
  readonly peered?: { readonly status: string; readonly region?: string };
  /** routes of the endpoint’s subnet */
  readonly back?: readonly string[];
  /** routes of the client’s subnet */
  readonly out?: readonly string[];
  /** destinations in the table of the client’s attachment, and in the one of the hub’s */
  readonly spokeTable?: readonly string[];
  readonly hubTable?: readonly string[];
  readonly groupReferences?: 'enable' | 'disable';
  /** zone of the subnet that the client’s VPC is attached in */
  readonly attachedIn?: string;
  readonly acls?: Network['acls'];
};

export const HUB_ADDRESS = '10.90.1.21';
const SPOKE = '10.40.0.0/16';
const HUB = '10.90.0.0/16';

export function hub(parts: Hub): Network {
  const over = parts.peered === undefined ? 'tgw:hub' : 'pcx:hub';
  const endpoint: Endpoint = {
    name: 'central',
    service: parts.service,
    vpc: 'hub',
    subnets: ['hub-a'],
    groups: ['central'],
    privateDns: false,
    at: 21,
  };
  return {
    vpcs: { main: { cidrs: [SPOKE] }, hub: { cidrs: [HUB] } },
    subnets: {
      'hub-a': { vpc: 'hub', cidr: '10.90.1.0/24', zone: 'a', table: 'hub-main' },
      'attach-a': { cidr: '10.40.0.0/28', zone: parts.attachedIn ?? 'a' },
      'hub-attach': { vpc: 'hub', cidr: '10.90.0.0/28', zone: 'a', table: 'hub-main' },
    },
    tables: { app: parts.out ?? [`${HUB} ${over}`], 'hub-main': parts.back ?? [`${SPOKE} ${over}`] },
    tableVpcs: { 'hub-main': 'hub' },
    groups: { central: [`in tcp 443 ${SPOKE}`], ...parts.groups },
    groupVpcs: { central: 'hub' },
    ...(parts.acls !== undefined && { acls: parts.acls }),
    endpoints: [endpoint],
    ...(parts.peered !== undefined && { peerings: { hub: { to: 'hub', ...parts.peered } } }),
    more: [...zone(parts.service), ...(parts.peered === undefined ? transitGateway(parts) : [])],
  };
}

/** A private zone for the name of the service that leads to the central endpoint, as its owner’s account lists it. */
function zone(service: string): unknown[] {
  const name = `${service}.eu-west-1.amazonaws.com.`;
  return [
    {
      HostedZoneSummaries: [{ HostedZoneId: 'Z0CENTRAL', Name: name, Owner: { OwningAccount: ACCOUNT } }],
      MaxItems: '100',
    },
    {
      ResourceRecordSets: [
        { Name: name, Type: 'NS', TTL: 172800, ResourceRecords: [{ Value: 'ns-1536.awsdns-00.co.uk.' }] },
        {
          Name: name,
          Type: 'SOA',
          TTL: 900,
          ResourceRecords: [
            { Value: 'ns-1536.awsdns-00.co.uk. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400' },
          ],
        },
        {
          Name: name,
          Type: 'A',
          AliasTarget: {
            HostedZoneId: 'Z38GZ743OKFT7T',
            DNSName: `${id('vpce', 'central')}-q1w2e3r4.${service}.eu-west-1.vpce.amazonaws.com.`,
            EvaluateTargetHealth: false,
          },
        },
      ],
    },
  ];
}

function transitGateway({
  spokeTable = [SPOKE, HUB],
  hubTable = [SPOKE, HUB],
  groupReferences = 'disable',
}: Hub): unknown[] {
  const attachments = [
    { name: 'main', subnet: 'attach-a', table: 'tgw-rtb-0spoke0000000001' },
    { name: 'hub', subnet: 'hub-attach', table: 'tgw-rtb-0hub000000000001' },
  ];
  const route = (cidr: string) => {
    const vpc = cidr.startsWith('10.90.') ? 'hub' : 'main';
    return {
      DestinationCidrBlock: cidr,
      Type: 'propagated',
      State: 'active',
      TransitGatewayAttachments: [
        { ResourceId: id('vpc', vpc), TransitGatewayAttachmentId: id('tgw-attach', vpc), ResourceType: 'vpc' },
      ],
    };
  };
  return [
    {
      TransitGatewayVpcAttachments: attachments.map(({ name, subnet }) => ({
        TransitGatewayAttachmentId: id('tgw-attach', name),
        TransitGatewayId: id('tgw', 'hub'),
        VpcId: id('vpc', name),
        VpcOwnerId: ACCOUNT,
        State: 'available',
        SubnetIds: [id('subnet', subnet)],
        Options: {
          DnsSupport: 'enable',
          SecurityGroupReferencingSupport: groupReferences,
          Ipv6Support: 'disable',
          ApplianceModeSupport: 'disable',
        },
      })),
    },
    {
      TransitGatewayAttachments: attachments.map(({ name, table }) => ({
        TransitGatewayAttachmentId: id('tgw-attach', name),
        TransitGatewayId: id('tgw', 'hub'),
        TransitGatewayOwnerId: ACCOUNT,
        ResourceOwnerId: ACCOUNT,
        ResourceType: 'vpc',
        ResourceId: id('vpc', name),
        State: 'available',
        Association: { TransitGatewayRouteTableId: table, State: 'associated' },
      })),
    },
    {
      TransitGatewayRoutes: [
        {
          TransitGatewayRouteTableId: 'tgw-rtb-0spoke0000000001',
          Routes: spokeTable.map(route),
          AdditionalRoutesAvailable: false,
        },
        {
          TransitGatewayRouteTableId: 'tgw-rtb-0hub000000000001',
          Routes: hubTable.map(route),
          AdditionalRoutesAvailable: false,
        },
      ],
    },
  ];
}
